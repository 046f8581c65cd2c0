"""What answers requests: acts taken in, documents kept, reads; the engine is met in SQL only.

Nothing here imports a chain, so that a front can run without one.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Connection

from ledger.access.gate import Gate
from ledger.access.grants import Disclosure, end_grant, grant
from ledger.access.sessions import Entrance
from ledger.act_rules import rules_of
from ledger.chain.bindings import CONTRACTS
from ledger.chain.node import READING_METHODS, NodeError
from ledger.clock import ServiceClock
from ledger.credentials import Credentials
from ledger.custody import Custody
from ledger.directory import service_name
from ledger.documents import Documents
from ledger.emissions.deliveries import delivery_rules
from ledger.errors import LedgerHalted, MethodRefused, Refused
from ledger.identifiers.queries import subject_by_hash
from ledger.identifiers.service import kind_of, require_key
from ledger.outbox.acceptance import (
    Acceptance,
    Accepted,
    Asked,
    Brought,
)
from ledger.outbox.acknowledgement import Acknowledger
from ledger.outbox.act import Envelope, SignedAct
from ledger.outbox.idempotency import Answer, Request
from ledger.outbox.settlement import Settlements
from ledger.service_keys import ServiceKeys
from ledger.store.chain_log import show_moment
from ledger.store.engine import Store
from ledger.store.manifest import Manifest
from ledger.store.moment import Moment
from ledger.store.rows import Row
from ledger.store.writer import Writer
from ledger.verification.findings import FINDING_RULES

__all__ = [
    "CONTRACTS",
    "Accepted",
    "Asked",
    "Brought",
    "Ledger",
    "Manifest",
    "Moment",
    "NodeError",
    "Reading",
    "SignedAct",
    "service_name",
]


Reading = Connection  # what queries read from; the API passes it on and never looks inside


class AnyEngine(Protocol):
    """The engine as a front sees it, in this process or in another; both share the tables."""

    store: Store
    manifest: Manifest
    clock: ServiceClock
    halted: LedgerHalted | None

    def start(self) -> None: ...

    def stop(self) -> None:
        """Also lets go of the store."""
        ...

    def request(self, method: str, params: list[Any]) -> Any:
        """A reading request to the chain; raises NodeError, ChainUnavailable."""
        ...

    def readiness(self) -> dict[str, Any]:
        """Whether reading and writing work, how far the mirror is, and what waits."""
        ...


class Ledger:
    """A front of a ledger: accepts acts and answers reads; its engine carries and follows."""

    def __init__(self, *, keys: ServiceKeys, engine: AnyEngine) -> None:
        self.engine = engine
        self.store = engine.store
        self.manifest = engine.manifest
        self.clock = engine.clock
        self.keys = keys
        self.writer = Writer(self.store)
        self.settlements = Settlements(self.store)
        self.documents = Documents(self.store, self.writer, self.clock, sealing_key=keys.sealing)
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
        self._acceptance = Acceptance(
            self.store,
            self.writer,
            manifest=self.manifest,
            acknowledger=Acknowledger(self.manifest, keys.service),
            rules=rules_of,
        )

    def start(self) -> None:
        """From here on acts are accepted."""
        self.engine.start()
        self.writer.start()

    def stop(self) -> None:
        """Finish what is being written and let go of the directory."""
        self.writer.stop()
        self.engine.stop()

    @contextmanager
    def reading(self, moment: Moment | None = None) -> Iterator[Connection]:
        """One snapshot of everything that can be read, now or as of an earlier moment.

        Raises AsOfUnknown for a block that is not there.
        """
        with self.store.reading() as connection:
            show_moment(connection, moment, now=self.clock.now())
            yield connection

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

    def accept(self, asked: Asked) -> Answer:
        """Take a signed act in; raises every refusal, LedgerHalted when writing has stopped."""
        self.require_writing()
        return self._acceptance.accept(self._with_possession(asked), now=self.clock.now())

    def accept_together(self, asked: Sequence[Asked]) -> "Future[list[Answer | Refused]]":
        """Take in many, each for itself: after the commit its answer or its refusal, in order."""
        self.require_writing()
        complete = [self._with_possession(one) for one in asked]
        return self._acceptance.accept_together(complete, now=self.clock.now())

    def _with_possession(self, asked: Asked) -> Asked:
        return replace(asked, envelope=self.custody.with_possession(asked.envelope))

    def accept_all(
        self, envelopes: Sequence[Envelope], brought: Brought
    ) -> "Future[list[Answer | Refused]]":
        """Take many in that are carried whole or not at all.

        Raises the first refusal, or promises it when only the commit could tell.
        """
        self.require_writing()
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

    def require_writing(self) -> None:
        """Raises LedgerHalted when a broken invariant has stopped the engine."""
        if self.engine.halted is not None:
            raise LedgerHalted(self.engine.halted.reason, self.engine.halted.block)

    def readiness(self) -> dict[str, Any]:
        """Whether reading and writing work, how far the mirror is, and what waits."""
        return self.engine.readiness()

    def rpc(self, method: str, params: list[Any]) -> Any:
        """A reading request to the embedded chain; raises NodeError, MethodRefused."""
        if method not in READING_METHODS:
            raise MethodRefused(method, sorted(READING_METHODS))
        return self.engine.request(method, params)


def _person_of(reading: Connection, act: SignedAct, now: int) -> int:
    """The person whose valid key signed an Access; any right will do, reading needs none."""
    row = require_key(reading, act.message["actor"], key=act.key, right=None, now=now)
    return int(row["person"])
