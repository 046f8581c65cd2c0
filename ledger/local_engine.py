"""The composition root of the process that owns a directory: its chain and all that moves it."""

from collections.abc import Callable
from typing import Any

from ledger.assembly import Ledger
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.node import NodeUnreachable
from ledger.chain.reader import Reader, asking
from ledger.chain.sender import Sender
from ledger.clock import MACHINE, ChainClock, Machine, ServiceClock
from ledger.directory import DirectoryLock, require_made
from ledger.engine import Engine, Step
from ledger.errors import LedgerHalted
from ledger.founding import check_contracts
from ledger.known_chain import check_chain
from ledger.mirror.follower import Follower
from ledger.opening import MakeNode, open_chain, reader
from ledger.outbox.courier import Courier
from ledger.outbox.queue import oldest_undecided
from ledger.service_keys import ServiceKeys
from ledger.settings import Settings, read_connections
from ledger.store.chain_log import freshness
from ledger.store.halt import clear_halt, write_halt
from ledger.store.manifest import read_manifest
from ledger.store.opened import open_store
from ledger.store.time import clock_of

# What waits is carried at a change. The chain's second passes without one, so the sealer looks;
# the others look now and then for what could not be sent, or for blocks that others made.
_SEALER_SECONDS, _IDLE_SECONDS, _POLL_SECONDS = 0.02, 1.0, 0.25


class LocalEngine:
    """Sealer, courier and follower of a directory, which is theirs alone."""

    def __init__(
        self,
        settings: Settings,
        *,
        keys: ServiceKeys,
        make_node: MakeNode = EmbeddedNode,
        machine: Machine = MACHINE,
    ) -> None:
        require_made(settings.directory)
        self._lock = DirectoryLock(settings.directory)
        self._connections = read_connections(settings.directory)
        self.store = open_store(settings.directory, mac_key=keys.row_mac)
        with self.store.keeping() as connection:
            self.manifest = read_manifest(connection)
            clear_halt(connection)
        clock = clock_of(settings, self.store, is_demo=self.manifest.is_demo, machine=machine)
        self.clock: ServiceClock = clock
        self._chain = open_chain(settings, clock, make_node=make_node)
        if not isinstance(clock, ChainClock):
            clock.begin_at(self._last_block_time())
        with asking():
            check_contracts(self._chain.node, self.manifest)
        self._follower = Follower(self.store, self.reader(), self.manifest)
        self.steps = self._steps(keys)
        self._threads = Engine(self.steps, self.store.changes, on_halt=self._tell_halt)

    def _steps(self, keys: ServiceKeys) -> dict[str, Step]:
        sender = Sender(self._chain.node, private_key=keys.courier, chain_id=self.manifest.chain_id)
        courier = Courier(self.store, sender, self.manifest)
        # An embedded chain's own blocks wake the follower; others' it must look for.
        poll = _POLL_SECONDS if self._chain.seal is None else _IDLE_SECONDS
        steps = {
            "courier": Step(self._led("courier", courier.run_once), _IDLE_SECONDS),
            "follower": Step(self._led("follower", self._follower.run_once), poll),
        }
        if self._chain.seal is None:
            return steps
        return {"sealer": Step(self._chain.seal, _SEALER_SECONDS)} | steps

    def _led(self, role: str, run: Callable[[], bool]) -> Callable[[], bool]:
        """The step as far as no other service on the same database does it."""
        return lambda: self.store.leads(role) and run()

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
        return reader(self._chain.node, self.manifest, self._connections)

    def _last_block_time(self) -> int:
        reader = self.reader()
        return reader.block(reader.head_number()).time

    def start(self) -> None:
        """Catch up with the chain, then run; raises ChainShorter, ChainForked, LedgerHalted."""
        with asking():
            check_chain(self.reader(), self.store)
            if self.store.leads("follower"):
                self._follower.run_once()
        self.store.changes.start()
        self._threads.start()

    def stop(self) -> None:
        """Let every step finish and let go of the directory."""
        self._threads.stop()
        self.close()

    def close(self) -> None:
        """Let go of the directory, whether or not the steps ever ran."""
        self.store.changes.stop()
        self._chain.close()
        self.store.close()
        self._follower.close()  # after its readers, who cannot fold the log into the mirror's file
        self._lock.release()

    def request(self, method: str, params: list[Any]) -> Any:
        """A request to the chain; raises NodeError, ChainUnavailable."""
        with asking():
            return self._chain.node.request(method, params)

    def readiness(self) -> dict[str, Any]:
        """Whether reading and writing work, how far the mirror is, and what waits."""
        with self.store.reading() as reading:
            read = freshness(reading)
            waiting = oldest_undecided(reading)
        head = self._head()
        now = self.clock.now()
        return {
            "ready": self._threads.is_running,
            "halted": None if self.halted is None else self.halted.reason,
            "mirror_lag_blocks": None if head is None else head - read.head_block,
            "oldest_waiting_seconds": None if waiting is None else max(0, now - waiting),
            "clock_off_seconds": self.clock.machine_off(),
        }

    def _head(self) -> int | None:
        """The number of the chain's last block; None while its node does not answer."""
        try:
            return self.reader().head_number()
        except NodeUnreachable:
            return None


def local_ledger(
    settings: Settings,
    *,
    keys: ServiceKeys,
    make_node: MakeNode = EmbeddedNode,
    machine: Machine = MACHINE,
) -> Ledger:
    """Front and engine in one process."""
    engine = LocalEngine(settings, keys=keys, make_node=make_node, machine=machine)
    return Ledger(keys=keys, engine=engine)
