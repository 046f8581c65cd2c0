"""The composition root: a directory becomes a running ledger."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger.access.audit import ConfidentialRead, write_entry
from ledger.access.gate import Gate
from ledger.access.grants import Disclosure, end_grant, grant
from ledger.access.sessions import Entrance
from ledger.access.viewer import Viewer
from ledger.act_rules import rules_of
from ledger.chain.bindings import CONTRACTS
from ledger.chain.embedded import Entries
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.node import READING_METHODS, HttpNode, Node, NodeError, NodeUnreachable
from ledger.chain.reader import Reader
from ledger.chain.sender import Sender
from ledger.clock import Clock, RealClock, ScriptedClock
from ledger.credentials import Credentials
from ledger.custody import Custody
from ledger.directory import DirectoryLock, check_contracts, require_made, service_name
from ledger.emissions.deliveries import delivery_rules
from ledger.engine import Engine
from ledger.errors import (
    ChainUnavailable,
    DirectoryInUse,
    FieldInvalid,
    LedgerHalted,
    MethodRefused,
    Refused,
    ResourceUnknown,
    ScriptRefused,
)
from ledger.evidence.documents import Document, digest_of, store_document
from ledger.evidence.months import (
    ReadMonth,
    meter_by_record,
    parse_meter_record,
    read_month,
    store_month,
)
from ledger.identifiers.acting import owner_of
from ledger.identifiers.queries import subject_by_hash
from ledger.identifiers.service import kind_of, require_key
from ledger.mirror.follower import Follower
from ledger.outbox.acceptance import (
    CREATED,
    Acceptance,
    Accepted,
    Brought,
    Render,
)
from ledger.outbox.acknowledgement import Acknowledger
from ledger.outbox.act import Envelope, SignedAct
from ledger.outbox.courier import Courier
from ledger.outbox.idempotency import Answer, Request, recall, remember
from ledger.outbox.queue import oldest_undecided
from ledger.period import Period
from ledger.service_keys import ServiceKeys
from ledger.settings import Settings
from ledger.store.chain_entries import ChainEntries
from ledger.store.chain_log import freshness
from ledger.store.engine import Store
from ledger.store.manifest import Manifest, read_manifest
from ledger.store.rows import Row
from ledger.store.writer import Writer
from ledger.verification.findings import FINDING_RULES

__all__ = [
    "CONTRACTS",
    "Accepted",
    "Ledger",
    "Manifest",
    "NodeError",
    "Reading",
    "SignedAct",
    "service_name",
]


@dataclass(frozen=True, slots=True)
class ReadingsUpload:
    """One meter's month as it came: 32 bytes each of owner, meter and salt seed."""

    owner: bytes
    content: bytes
    meter: bytes
    period: Period
    seed: bytes


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
        self.custody = Custody(self.store, self.manifest, sealing_key=keys.sealing)
        self.credentials = Credentials(
            store=self.store,
            writer=self.writer,
            clock=self.clock,
            gate=Gate(self.store, kind_of, note=self.writer.post),
            entrance=Entrance(self.store, self.writer, self.manifest, _person_of),
            custody=self.custody,
            sealing_key=keys.sealing,
        )
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
        """Catch up with the chain, then run; from here on acts are accepted."""
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
    def reading(self) -> Iterator[Connection]:
        """One snapshot of everything that can be read."""
        with self.store.reading() as connection:
            yield connection

    def record_access(self, viewer: Viewer, read: ConfidentialRead) -> None:
        """Write down who read whose confidential data, before the answer is sent.

        The owner's own reading is nobody's business.
        """
        if viewer.participant == read.owner:
            return
        now = self.clock.now()
        self.writer.commit(lambda connection: write_entry(connection, viewer, read, now=now))

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
        envelope = self.custody.with_possession(envelope)
        return self._acceptance.accept(envelope, brought, request=request, now=self.clock.now())

    def accept_each(
        self, envelopes: Sequence[Envelope | Refused], *, carrier: bytes | None, render: Render
    ) -> list[bytes | Refused]:
        """Take many in at once, each for itself: its answer or its refusal, in order."""
        self.require_writing()
        brought = Brought(carrier, rules_of, render)
        envelopes = [
            one if isinstance(one, Refused) else self.custody.with_possession(one)
            for one in envelopes
        ]
        return self._acceptance.accept_each(envelopes, brought, now=self.clock.now())

    def accept_all(
        self, envelopes: Sequence[Envelope], *, carrier: bytes | None, render: Render
    ) -> list[bytes]:
        """Take many in that are carried whole or not at all; raises the first refusal."""
        self.require_writing()
        brought = Brought(carrier, rules_of, render)
        envelopes = [self.custody.with_possession(one) for one in envelopes]
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

    def take_readings(
        self,
        upload: ReadingsUpload,
        *,
        request: Request,
        render: Callable[[ReadMonth, bytes], bytes],
    ) -> Answer:
        """Take a meter's month in; raises ReadingsMalformed and what names the meter."""
        self.require_writing()
        now = self.clock.now()
        with self.reading() as reading:
            subject = subject_by_hash(reading, upload.meter)
            if subject["owner"] != upload.owner:
                raise ResourceUnknown(f"meters/{subject['name']}")
            if (kept := recall(reading, request)) is not None:
                return kept
            meter = meter_by_record(reading, name=subject["name"], record=subject["record"])
            if owner_of(reading, meter.facility) != upload.owner:
                raise FieldInvalid([{"pointer": "/facility", "rule": "of_the_meter's_owner"}])
        month = read_month(upload.content, meter=meter, period=upload.period, seed=upload.seed)

        def store(connection: Connection) -> Answer:
            digest = store_month(
                connection,
                month,
                content=upload.content,
                owner=upload.owner,
                sealing_key=self.keys.sealing,
                now=now,
            )
            return _remember_once(connection, request, body=render(month, digest), now=now)

        return self.writer.commit(store)

    def take_document(
        self,
        document: Document,
        *,
        claimed: bytes | None,
        request: Request,
        render: Callable[[bytes], bytes],
    ) -> Answer:
        """Keep a document by its digest; raises DocumentMismatch when it claims another."""
        self.require_writing()
        now = self.clock.now()
        digest = digest_of(document.content, claimed=claimed)
        if document.kind == "meter_record":
            parse_meter_record(document.content)

        def store(connection: Connection) -> Answer:
            store_document(connection, document, now=now)
            return _remember_once(connection, request, body=render(digest), now=now)

        return self.writer.commit(store)

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


def _remember_once(connection: Connection, request: Request, *, body: bytes, now: int) -> Answer:
    if (kept := recall(connection, request)) is not None:
        return kept
    return remember(connection, request, status=CREATED, body=body, now=now)


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

    Raises DirectoryEmpty, DirectoryInUse, ContractsForeign, ChainUnavailable.
    """
    require_made(settings.directory)
    store = Store(settings.directory)
    with store.keeping() as connection:
        manifest = read_manifest(connection)
    try:
        with _node_of(settings, store) as node:
            check_contracts(node, manifest)
            yield store, node, manifest
    except NodeUnreachable as error:
        raise ChainUnavailable(str(error)) from error
    finally:
        store.close()


@contextmanager
def _node_of(settings: Settings, store: Store) -> Iterator[Node]:
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
    """The URL that a running service wrote into its directory."""
    try:
        told = json.loads(settings.service_file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    url: str = told["url"]
    return url
