"""From an envelope to a committed submission: the door's way in, once for every message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger.contract_errors import ContractRefusal
from ledger.errors import Refusal
from ledger.outbox.acknowledgement import Acknowledgement, Acknowledger
from ledger.outbox.act import (
    Envelope,
    SignedAct,
    already_made,
    open_act,
    require_in_time,
    subjects_of,
)
from ledger.outbox.idempotency import Answer, Request, recall, remember
from ledger.outbox.queue import Entry, enqueue, has_undecided, submission
from ledger.store.chain_log import act_by_id, freshness
from ledger.store.engine import Store
from ledger.store.manifest import Manifest
from ledger.store.writer import Writer

ACCEPTED = 202
CREATED = 201


@dataclass(frozen=True, slots=True)
class Rules:
    """What the capabilities know of one message type; all read the mirror only.

    `check` raises the contract's refusal; `actor` names the participant; `shown` gives the
    earlier message a verb wants to see; `creates` the identifiers an act brings into being.
    """

    check: Callable[[Connection, SignedAct, int], None]
    actor: Callable[[Connection, SignedAct], bytes]
    shown: Callable[[Connection, SignedAct], Mapping[str, Any] | None]
    creates: Callable[[SignedAct], set[bytes]]


@dataclass(frozen=True, slots=True)
class KeptRules:
    """What a capability knows of a message that is signed and kept, never carried.

    `check` refuses; `store` writes it.
    """

    check: Callable[[Connection, SignedAct, int], None]
    store: Callable[[Connection, SignedAct, int], None]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the answer of an accepted act is made of."""

    act: SignedAct
    actor: bytes
    acknowledgement: Acknowledgement
    signature: bytes


class Acceptance:
    """Takes signed acts in: refused at once, answered as before, or committed to the outbox."""

    def __init__(
        self, store: Store, writer: Writer, *, manifest: Manifest, acknowledger: Acknowledger
    ) -> None:
        self._store = store
        self._writer = writer
        self._manifest = manifest
        self._acknowledger = acknowledger

    def accept(
        self,
        envelope: Envelope,
        *,
        rules: Rules,
        carrier: bytes | None,
        request: Request,
        now: int,
        render: Callable[[Connection, Accepted], bytes],
    ) -> tuple[SignedAct, Answer]:
        """The act and the answer to give; raises every refusal of form, signature and state.

        `carrier` is the participant whose token brought it, 32 bytes.
        """
        with self._store.reading() as reading:
            now = _chain_time(reading, now)
            act = open_act(envelope, manifest=self._manifest)
            actor = rules.actor(reading, act)
            if (kept := recall(reading, request)) is not None:
                return act, kept
            require_in_time(act, now)
            _refuse_known(reading, act)
            subjects = subjects_of(act) | rules.creates(act) | {actor}
            shown = self._judge(reading, act, rules=rules, subjects=subjects, now=now)
            head = freshness(reading).head_hash
            promised, signature = self._acknowledger.promise(
                act.id, actor=actor, now=now, head=head
            )
            body = render(reading, Accepted(act, actor, promised, signature))
        entry = Entry(act, actor, carrier, shown, body, frozenset(subjects))
        answer = self._writer.commit(lambda connection: _take_in(connection, entry, request, now))
        return act, answer

    def keep(
        self,
        envelope: Envelope,
        *,
        rules: KeptRules,
        request: Request,
        now: int,
        render: Callable[[SignedAct], bytes],
    ) -> Answer:
        """The answer to a message that is signed and kept, never carried to the chain."""
        with self._store.reading() as reading:
            now = _chain_time(reading, now)
            act = open_act(envelope, manifest=self._manifest)
            if (kept := recall(reading, request)) is not None:
                return kept
            require_in_time(act, now)
            rules.check(reading, act, now)
            body = render(act)

        def store(connection: Connection) -> Answer:
            if (kept := recall(connection, request)) is not None:
                return kept
            rules.store(connection, act, now)
            return remember(connection, request, status=CREATED, body=body, now=now)

        return self._writer.commit(store)

    def _judge(
        self, reading: Connection, act: SignedAct, *, rules: Rules, subjects: set[bytes], now: int
    ) -> Mapping[str, Any] | None:
        """Refuse what the mirror forbids, unless something on its way may change that."""
        try:
            rules.check(reading, act, now)
        except ContractRefusal:
            if not has_undecided(reading, subjects):
                raise
        return rules.shown(reading, act)


def _chain_time(reading: Connection, now: int) -> int:
    """Blocks under a scripted clock run ahead of it: the chain judges by their time."""
    return max(now, freshness(reading).head_time)


def _refuse_known(connection: Connection, act: SignedAct) -> None:
    """Raises the contract's word for a repeated act, with the facts of the first."""
    state = known_state(connection, act.id)
    if state in ("accepted", "sent", "final"):
        refusal: Refusal = already_made(act)
        refusal.first = (act.id, state)
        raise refusal


def known_state(connection: Connection, act_id: bytes) -> str | None:
    """accepted, sent, final or refused; None for an act nobody brought.

    What the chain recorded wins over what the outbox knows.
    """
    if act_by_id(connection, act_id) is not None:
        return "final"
    row = submission(connection, act_id)
    if row is None:
        return None
    return "sent" if row["state"] == "done" else str(row["state"])


def _take_in(connection: Connection, entry: Entry, request: Request, now: int) -> Answer:
    """The commit's part: the unique keys decide between two that came at once."""
    if (kept := recall(connection, request)) is not None:
        return kept
    row = submission(connection, entry.act.id)
    if row is not None and row["state"] != "refused":
        refusal = already_made(entry.act)
        refusal.first = (entry.act.id, "sent" if row["state"] == "done" else row["state"])
        raise refusal
    enqueue(connection, entry, now=now)
    return remember(connection, request, status=ACCEPTED, body=entry.acknowledgement, now=now)
