"""The composition root of the process that owns a directory: its chain and all that moves it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ledger.assembly import Ledger
from ledger.chain.bindings import CONTRACTS
from ledger.chain.embedded import Entries
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.http_node import HttpNode
from ledger.chain.node import Node, NodeUnreachable
from ledger.chain.reader import Reader
from ledger.chain.sender import Sender
from ledger.clock import Clock, RealClock, clock_of
from ledger.directory import DirectoryLock, require_made
from ledger.engine import Engine, Step
from ledger.errors import ChainUnavailable, DirectoryInUse, LedgerHalted
from ledger.founding import check_contracts
from ledger.known_chain import check_chain
from ledger.mirror.follower import Follower
from ledger.outbox.courier import Courier
from ledger.outbox.queue import oldest_undecided
from ledger.service_keys import ServiceKeys
from ledger.settings import Settings
from ledger.store.chain_entries import ChainEntries
from ledger.store.chain_log import freshness
from ledger.store.engine import Store
from ledger.store.halt import clear_halt, write_halt
from ledger.store.manifest import Manifest, read_manifest

MakeNode = Callable[[Entries, Clock], EmbeddedNode]
# What waits is carried at a change. The chain's second passes without one, so the sealer looks;
# the others look now and then for what could not be sent.
_SEALER_SECONDS, _IDLE_SECONDS = 0.02, 1.0


class EmbeddedEngine:
    """Sealer, courier and follower of a directory, which is theirs alone."""

    def __init__(
        self, settings: Settings, *, keys: ServiceKeys, make_node: MakeNode = EmbeddedNode
    ) -> None:
        require_made(settings.directory)
        self._lock = DirectoryLock(settings.directory)
        self.store = Store(settings.directory)
        with self.store.keeping() as connection:
            self.manifest = read_manifest(connection)
            clear_halt(connection)
        self._clock = clock_of(settings.clock_file, is_demo=self.manifest.is_demo)
        self._entries = ChainEntries(self.store.path)
        self._node = make_node(self._entries, self._clock)
        check_contracts(self._node, self.manifest)
        self._follower = Follower(self.store, self.reader(), self.manifest)
        self._threads = Engine(self._steps(keys), self.store.changes, on_halt=self._tell_halt)

    def _steps(self, keys: ServiceKeys) -> dict[str, Step]:
        sender = Sender(self._node, private_key=keys.courier, chain_id=self.manifest.chain_id)
        courier = Courier(self.store, sender, self.manifest)
        return {
            "sealer": Step(self._node.seal, _SEALER_SECONDS),
            "courier": Step(courier.run_once, _IDLE_SECONDS),
            "follower": Step(self._follower.run_once, _IDLE_SECONDS),
        }

    def _tell_halt(self, halt: LedgerHalted) -> None:
        with self.store.keeping() as connection:
            write_halt(connection, halt)

    @property
    def halted(self) -> LedgerHalted | None:
        """The broken invariant that has stopped it."""
        return self._threads.halted

    @halted.setter
    def halted(self, halt: LedgerHalted | None) -> None:
        self._threads.halted = halt

    def reader(self) -> Reader:
        """What reads our contracts on this chain."""
        return reader(self._node, self.manifest)

    def start(self) -> None:
        """Catch up with the chain, then run; raises ChainShorter, ChainForked, LedgerHalted."""
        check_chain(self.reader(), self.store)
        self._follower.run_once()
        self.store.changes.start()
        self._threads.start()

    def stop(self) -> None:
        """Let every step finish and let go of the directory."""
        self._threads.stop()
        self.store.changes.stop()
        self._entries.close()
        self.store.close()
        self._follower.close()  # after its readers, who cannot fold the log into the mirror's file
        self._lock.release()

    def request(self, method: str, params: list[Any]) -> Any:
        """A request to the chain; raises NodeError."""
        return self._node.request(method, params)

    def readiness(self) -> dict[str, Any]:
        """Whether reading and writing work, how far the mirror is, and what waits."""
        with self.store.reading() as reading:
            read = freshness(reading)
            waiting = oldest_undecided(reading)
        head = self._node.request("eth_blockNumber", [])
        now = self._clock.now()
        return {
            "ready": self._threads.is_running,
            "halted": None if self.halted is None else self.halted.reason,
            "mirror_lag_blocks": int(head, 16) - read.head_block,
            "oldest_waiting_seconds": None if waiting is None else max(0, now - waiting),
        }


def embedded_ledger(
    settings: Settings, *, keys: ServiceKeys, make_node: MakeNode = EmbeddedNode
) -> Ledger:
    """Front and engine in one process."""
    engine = EmbeddedEngine(settings, keys=keys, make_node=make_node)
    return Ledger(settings, keys=keys, engine=engine)


def reader(node: Node, manifest: Manifest) -> Reader:
    """What reads our contracts on a chain."""
    return Reader(node, addresses=[manifest.address_of(name) for name in CONTRACTS])


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
