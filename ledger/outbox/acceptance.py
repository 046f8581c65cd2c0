"""From an envelope to a committed submission: the door's way in, once for every message."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection

from ledger.chain.codec import SHOWN_BY
from ledger.contract_errors import ContractRefusal
from ledger.errors import REFUSED, Refusal, Refused
from ledger.outbox.acknowledgement import Acknowledgement, Acknowledger
from ledger.outbox.act import (
    Envelope,
    SignedAct,
    already_made,
    created_subject,
    open_act,
    require_in_time,
    subjects_of,
)
from ledger.outbox.filling import require_free_nonce
from ledger.outbox.idempotency import Answer, Request, recall, remember
from ledger.outbox.queue import (
    Entry,
    enqueue,
    has_undecided,
    registration_under_way,
    submission,
)
from ledger.store.chain_log import act_by_id, freshness
from ledger.store.engine import Store
from ledger.store.manifest import Manifest
from ledger.store.writer import Writer

ACCEPTED = 202
CREATED = 201
T = TypeVar("T")
U = TypeVar("U")


# What is still on its way below an identifier: the Registration that creates it, if any.
UnderWay: TypeAlias = Callable[[bytes], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the capabilities know of one message type; all read the mirror only.

    `check` raises the contract's refusal; `actor` names the participant; `shown` gives the
    earlier message a verb wants to see; `creates` the identifiers an act brings into being.
    """

    check: Callable[[Connection, SignedAct, int], None]
    actor: Callable[[Connection, SignedAct, UnderWay], bytes]
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


Render: TypeAlias = Callable[[Connection, Accepted], bytes]


@dataclass(frozen=True, slots=True)
class Brought:
    """Acts brought in one request: by whose token (32 bytes), and how they are answered.

    `rules` are those of a message type.
    """

    carrier: bytes | None
    rules: Callable[[str], Rules]
    render: Render


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
        self, envelope: Envelope, brought: Brought, *, request: Request, now: int
    ) -> tuple[SignedAct, Answer]:
        """The act and the answer to give; raises every refusal of form, signature and state.

        NonceUsed also when the service chose a nonce that another process has used since.
        """
        act = open_act(envelope, manifest=self._manifest)
        with self._store.reading() as reading:
            if (kept := recall(reading, request)) is not None:
                return act, kept
            entry = self._judge(_Sitting(reading, brought, now), act)

        def take_in(connection: Connection) -> Answer:
            if (kept := recall(connection, request)) is not None:
                return kept
            if envelope.is_nonce_filled:
                require_free_nonce(connection, entry.actor, act.message)
            return _take_in(connection, entry, request, now)

        return act, self._writer.commit(take_in)

    def accept_each(
        self, envelopes: Sequence[Envelope | Refused], brought: Brought, *, now: int
    ) -> list[bytes | Refused]:
        """For each in order the answer to give or its refusal; what is accepted is one commit.

        An act's id is its idempotency key: one that came before is refused with its state.
        """
        opened = [self._opened(one) for one in envelopes]
        with self._store.reading() as reading:
            sitting = _Sitting(reading, brought, now)
            judged = [
                act if isinstance(act, Refused) else self._judged(sitting, act) for act in opened
            ]
        return self._writer.commit(lambda connection: _take_each_in(connection, judged, now))

    def accept_all(
        self, envelopes: Sequence[Envelope], brought: Brought, *, now: int
    ) -> list[bytes]:
        """The answers of acts that are carried whole or not at all.

        Raises the first refusal, with the index of its act as `line`.
        """
        entries: list[Entry] = []
        acts = _each_with_its_line(partial(open_act, manifest=self._manifest), envelopes)
        with self._store.reading() as reading:
            judge = partial(self._judge, _Sitting(reading, brought, now))
            entries = _each_with_its_line(judge, acts)
        batch = entries[0].act.id
        whole = [replace(entry, batch=batch) for entry in entries]

        def take_in(connection: Connection) -> list[bytes]:
            _each_with_its_line(partial(_take_new_in, connection, now=now), whole)
            return [entry.acknowledgement for entry in whole]

        return self._writer.commit(take_in)

    def _opened(self, envelope: Envelope | Refused) -> SignedAct | Refused:
        if isinstance(envelope, Refused):
            return envelope
        try:
            return open_act(envelope, manifest=self._manifest)
        except REFUSED as refusal:
            return refusal

    def _judged(self, sitting: "_Sitting", act: SignedAct) -> Entry | Refused:
        try:
            return self._judge(sitting, act)
        except REFUSED as refusal:
            return refusal

    def _judge(self, sitting: "_Sitting", act: SignedAct) -> Entry:
        """The act as it goes into the outbox; refuses what can never become right."""
        reading, rules, now = sitting.reading, sitting.brought.rules(act.type), sitting.now
        require_in_time(act, now)
        _refuse_known(reading, act)
        actor = rules.actor(reading, act, sitting.under_way)
        subjects = frozenset(subjects_of(act) | rules.creates(act) | {actor})
        try:
            rules.check(reading, act, now)
        except ContractRefusal:
            if not sitting.may_change(subjects):
                raise
        shown = sitting.shown(act) or rules.shown(reading, act)
        promised, signature = self._acknowledger.promise(
            act.id, actor=actor, now=now, head=sitting.head
        )
        body = sitting.brought.render(reading, Accepted(act, actor, promised, signature))
        entry = Entry(act, actor, sitting.brought.carrier, shown, body, subjects)
        sitting.note(entry)
        return entry

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


class _Sitting:
    """The judging of acts of one request on one snapshot: what came first may change the rest."""

    def __init__(self, reading: Connection, brought: Brought, now: int) -> None:
        read = freshness(reading)
        self.reading = reading
        self.brought = brought
        self.head = read.head_hash
        # Blocks under a scripted clock run ahead of it: the chain judges by their time.
        self.now = max(now, read.head_time)
        self._named: set[bytes] = set()
        self._acts: dict[bytes, SignedAct] = {}
        self._registrations: dict[bytes, Mapping[str, Any]] = {}

    def may_change(self, subjects: frozenset[bytes]) -> bool:
        """Whether something on its way names or creates one of these."""
        return bool(self._named & subjects) or has_undecided(self.reading, subjects)

    def under_way(self, subject: bytes) -> Mapping[str, Any] | None:
        """The Registration still on its way that creates this subject."""
        return self._registrations.get(subject) or registration_under_way(self.reading, subject)

    def shown(self, act: SignedAct) -> Mapping[str, Any] | None:
        """The earlier message that a verb wants to see, if it came in the same request."""
        followed = self._acts.get(act.message.get("follows", b""))
        is_shown = followed is not None and SHOWN_BY.get(act.type) == followed.type
        return followed.message if is_shown and followed is not None else None

    def note(self, entry: Entry) -> None:
        """Let what comes after know of it."""
        self._named |= entry.subjects
        self._acts[entry.act.id] = entry.act
        if entry.act.type == "Registration":
            self._registrations[created_subject(entry.act.message)] = entry.act.message


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
    _take_new_in(connection, entry, now=now)
    return remember(connection, request, status=ACCEPTED, body=entry.acknowledgement, now=now)


def _take_new_in(connection: Connection, entry: Entry, *, now: int) -> None:
    """Into the outbox, unless it is there; raises the contract's word for a repeated act."""
    row = submission(connection, entry.act.id)
    if row is not None and row["state"] != "refused":
        refusal = already_made(entry.act)
        refusal.first = (entry.act.id, "sent" if row["state"] == "done" else row["state"])
        raise refusal
    enqueue(connection, entry, now=now)


def _take_each_in(
    connection: Connection, judged: Sequence[Entry | Refused], now: int
) -> list[bytes | Refused]:
    """A refused one has written nothing, so that the others need no savepoint."""
    answers: list[bytes | Refused] = []
    for one in judged:
        if isinstance(one, Refused):
            answers.append(one)
            continue
        try:
            _take_new_in(connection, one, now=now)
            answers.append(one.acknowledgement)
        except Refusal as refusal:
            answers.append(refusal)
    return answers


def _each_with_its_line(run: Callable[[T], U], items: Sequence[T]) -> list[U]:
    """The results in order; a refusal says which item it is of, from 1."""
    results = []
    for line, item in enumerate(items, start=1):
        try:
            results.append(run(item))
        except REFUSED as refusal:
            refusal.line = line
            raise
    return results
