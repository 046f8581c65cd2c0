"""The composition root: a directory becomes a running ledger."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from ledger.access.gate import Gate
from ledger.access.grants import Disclosure, end_grant, grant
from ledger.access.sessions import Session, open_session
from ledger.access.viewer import Viewer
from ledger.act_rules import rules_of
from ledger.chain.bindings import CONTRACTS
from ledger.chain.embedded import Entries
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.node import READING_METHODS, HttpNode, Node, NodeError, NodeUnreachable
from ledger.chain.reader import Reader
from ledger.chain.sender import Sender
from ledger.clock import Clock, RealClock, ScriptedClock
from ledger.directory import (
    DirectoryLock,
    check_chain,
    check_contracts,
    require_made,
    service_name,
)
from ledger.documents import Documents
from ledger.emissions.deliveries import delivery_rules
from ledger.engine import Engine
from ledger.errors import (
    AsOfUnknown,
    ChainUnavailable,
    DirectoryInUse,
    LedgerHalted,
    MethodRefused,
    Refused,
    ScriptRefused,
)
from ledger.identifiers.queries import subject_by_hash
from ledger.identifiers.service import kind_of, require_key
from ledger.mirror.follower import Follower
from ledger.outbox.acceptance import (
    Acceptance,
    Accepted,
    Brought,
    Render,
)
from ledger.outbox.acknowledgement import Acknowledger
from ledger.outbox.act import Envelope, SignedAct
from ledger.outbox.courier import Courier
from ledger.outbox.idempotency import Answer, Request
from ledger.outbox.queue import oldest_undecided
from ledger.service_keys import ServiceKeys
from ledger.settings import Settings
from ledger.store.chain_entries import ChainEntries
from ledger.store.chain_log import block_exists, freshness, newest_block
from ledger.store.engine import Store
from ledger.store.manifest import Manifest, read_manifest
from ledger.store.moment import Moment, show_block
from ledger.store.rows import Row
from ledger.store.writer import Writer
from ledger.verification.findings import FINDING_RULES

__all__ = [
    "CONTRACTS",
    "Accepted",
    "Ledger",
    "Moment",
    "NodeError",
    "Reading",
    "SignedAct",
    "service_name",
]


Reading = Connection  # what queries read from; the API passes it on and never looks inside


class Ledger:
    """A running ledger: accepts acts, carries them, follows the chain, answers reads."""

    def __init__(
        self,
        settings: Settings,
        *,
        keys: ServiceKeys,
        make_node: Callable[[Entries, Clock], EmbeddedNode] = EmbeddedNode,
    ) -> None:
        require_made(settings.directory)
        self._lock = DirectoryLock(settings.directory)
        self.store = Store(settings.directory)
        with self.store.keeping() as connection:
            self.manifest: Manifest = read_manifest(connection)
        self.clock = _clock(settings, self.manifest)
        self.keys = keys
        self._entries = ChainEntries(self.store.path)
        self._node = make_node(self._entries, self.clock)
        check_contracts(self._node, self.manifest)
        self.writer = Writer(self.store)
        self._gate = Gate(self.store, kind_of)
        self.documents = Documents(self.store, self.writer, self.clock, sealing_key=keys.sealing)
        self._follower = Follower(self.store, self.reader(), self.manifest)
        self.engine = Engine(self._steps())
        self._acceptance = Acceptance(
            self.store,
            self.writer,
            manifest=self.manifest,
            acknowledger=Acknowledger(self.manifest, keys.service),
        )

    def _steps(self) -> dict[str, Callable[[], bool]]:
        sender = Sender(self._node, private_key=self.keys.courier, chain_id=self.manifest.chain_id)
        courier = Courier(self.store, sender, self.manifest)
        return {
            "sealer": self._node.seal,
            "courier": courier.run_once,
            "follower": self._follower.run_once,
        }

    def reader(self) -> Reader:
        """What reads our contracts on this ledger's chain."""
        return reader(self._node, self.manifest)

    def start(self) -> None:
        """Catch up with the chain, then run; from here on acts are accepted.

        Raises ChainShorter, ChainForked, LedgerHalted.
        """
        check_chain(self.reader(), self.store)
        self._follower.run_once()
        self.writer.start()
        self.engine.start()

    def stop(self) -> None:
        """Finish what is being written and let go of the directory."""
        self.writer.stop()
        self.engine.stop()
        self._entries.close()
        self.store.close()
        self._follower.close()  # after its readers, who cannot fold the log into the mirror's file
        self._lock.release()

    @contextmanager
    def reading(self, moment: Moment | None = None) -> Iterator[Connection]:
        """One snapshot of everything that can be read, now or as of an earlier moment.

        Raises AsOfUnknown for a block that is not there.
        """
        with self.store.reading() as connection:
            if moment is not None:
                show_block(connection, _block_of(connection, moment))
            yield connection

    def viewer(self, token: str) -> Viewer:
        """Who the bearer of an access token is; raises TokenInvalid."""
        return self._gate.viewer(token, now=self.clock.now())

    def open_session(self, envelope: Envelope) -> Session:
        """The first token of whoever signed the Access; raises every refusal."""
        self.require_writing()
        return open_session(
            envelope,
            store=self.store,
            writer=self.writer,
            manifest=self.manifest,
            person_of=_person_of,
            now=self.clock.now(),
        )

    def grant(self, disclosure: Disclosure) -> Row:
        """Let a participant see more; raises ResourceUnknown for one that nobody knows."""
        self.require_writing()
        now = self.clock.now()
        with self.reading() as reading:
            subject_by_hash(reading, disclosure.grantee)
        return self.writer.commit(lambda connection: grant(connection, disclosure, now=now))

    def end_grant(self, disclosure: Disclosure) -> None:
        """Take back what was granted; harmless when nothing was."""
        self.require_writing()
        now = self.clock.now()
        self.writer.commit(lambda connection: end_grant(connection, disclosure, now=now))

    def accept(
        self,
        envelope: Envelope,
        *,
        carrier: bytes | None,
        request: Request,
        render: Render,
    ) -> tuple[SignedAct, Answer]:
        """Take a signed act in; raises every refusal, LedgerHalted when writing has stopped."""
        self.require_writing()
        brought = Brought(carrier, rules_of, render)
        return self._acceptance.accept(envelope, brought, request=request, now=self.clock.now())

    def accept_each(
        self, envelopes: Sequence[Envelope | Refused], *, carrier: bytes | None, render: Render
    ) -> list[bytes | Refused]:
        """Take many in at once, each for itself: its answer or its refusal, in order."""
        self.require_writing()
        brought = Brought(carrier, rules_of, render)
        return self._acceptance.accept_each(envelopes, brought, now=self.clock.now())

    def accept_all(
        self, envelopes: Sequence[Envelope], *, carrier: bytes | None, render: Render
    ) -> list[bytes]:
        """Take many in that are carried whole or not at all; raises the first refusal."""
        self.require_writing()
        brought = Brought(carrier, rules_of, render)
        return self._acceptance.accept_all(envelopes, brought, now=self.clock.now())

    def keep(
        self,
        envelope: Envelope,
        *,
        countersignature: bytes | None,
        request: Request,
        render: Callable[[SignedAct], bytes],
    ) -> Answer:
        """Keep a signed finding or delivery; raises every refusal."""
        self.require_writing()
        rules = FINDING_RULES if countersignature is None else delivery_rules(countersignature)
        return self._acceptance.keep(
            envelope, rules=rules, request=request, now=self.clock.now(), render=render
        )

    def require_writing(self) -> None:
        """Raises LedgerHalted when a broken invariant has stopped the engine."""
        if self.engine.halted is not None:
            raise LedgerHalted(self.engine.halted.reason, self.engine.halted.block)

    def readiness(self) -> dict[str, Any]:
        """Whether reading and writing work, how far the mirror is, and what waits."""
        with self.reading() as reading:
            read = freshness(reading)
            waiting = oldest_undecided(reading)
        head = self._node.request("eth_blockNumber", [])
        now = self.clock.now()
        return {
            "ready": self.engine.is_running,
            "halted": None if self.engine.halted is None else self.engine.halted.reason,
            "mirror_lag_blocks": int(head, 16) - read.head_block,
            "oldest_waiting_seconds": None if waiting is None else max(0, now - waiting),
        }

    def rpc(self, method: str, params: list[Any]) -> Any:
        """A reading request to the embedded chain; raises NodeError, MethodRefused."""
        if method not in READING_METHODS:
            raise MethodRefused(method, sorted(READING_METHODS))
        return self._node.request(method, params)


def _block_of(reading: Connection, moment: Moment) -> int:
    head = freshness(reading).head_block
    number = moment.block
    if moment.time is not None:
        number = newest_block(reading, until=moment.time)
    if number is None or number > head or block_exists(reading, number) is False:
        raise AsOfUnknown(moment.asked, head)
    return number


def _person_of(reading: Connection, act: SignedAct, now: int) -> int:
    """The person whose valid key signed an Access; any right will do, reading needs none."""
    row = require_key(reading, act.message["actor"], key=act.key, right=None, now=now)
    return int(row["person"])


def reader(node: Node, manifest: Manifest) -> Reader:
    """What reads our contracts on a chain."""
    return Reader(node, addresses=[manifest.address_of(name) for name in CONTRACTS])


def _clock(settings: Settings, manifest: Manifest) -> Clock:
    if settings.clock_file is None:
        return RealClock()
    if not manifest.is_demo:
        raise ScriptRefused()
    return ScriptedClock(settings.clock_file)


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Store, Node, Manifest]]:
    """A directory for the machine's verbs: by its lock, or by the `/rpc` of who holds it.

    Raises DirectoryEmpty, DirectoryInUse, ContractsForeign, ChainUnavailable, ChainShorter,
    ChainForked.
    """
    require_made(settings.directory)
    store = Store(settings.directory)
    with store.keeping() as connection:
        manifest = read_manifest(connection)
    try:
        with node_of(settings, store) as node:
            check_contracts(node, manifest)
            check_chain(reader(node, manifest), store)
            yield store, node, manifest
    except NodeUnreachable as error:
        raise ChainUnavailable(str(error)) from error
    finally:
        store.close()


@contextmanager
def node_of(settings: Settings, store: Store) -> Iterator[Node]:
    """The chain of a directory, whose contracts nobody has looked at yet.

    Raises DirectoryInUse where its service does not say where it is.
    """
    try:
        lock = DirectoryLock(settings.directory)
    except DirectoryInUse:
        if (url := running_url(settings)) is None:
            raise
        yield HttpNode(f"{url}/rpc")
        return
    entries = ChainEntries(store.path)
    try:
        yield EmbeddedNode(entries, RealClock())
    finally:
        entries.close()
        lock.release()


def running_url(settings: Settings) -> str | None:
    """The URL that a running service wrote into its directory, if it can be read."""
    match service_told(settings):
        case {"url": str(url)}:
            return url
    return None


def service_told(settings: Settings) -> Any:
    """What service.json says, {"url", "pid"} unless somebody else wrote it; None without one."""
    try:
        return json.loads(settings.service_file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
