"""From an envelope to a committed submission: the door's way in, once for every message."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
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
from ledger.outbox.idempotency import (
    Answer,
    Answers,
    Request,
    foresee_answers,
    recall,
    remember,
)
from ledger.outbox.queue import (
    Entry,
    Intake,
    foresee_submissions,
    has_undecided,
    registration_under_way,
    submission,
)
from ledger.store.chain_log import act_by_id, foresee_acts, freshness
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
    """Acts brought in one request: by whose token (32 bytes), and how they are answered."""

    carrier: bytes | None
    render: Render


@dataclass(frozen=True, slots=True)
class Asked:
    """One act as its caller brought it; without a request its id is what it is known by."""

    envelope: Envelope
    brought: Brought
    request: Request | None


class Acceptance:
    """Takes signed acts in: refused at once, answered as before, or committed to the outbox."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        *,
        manifest: Manifest,
        acknowledger: Acknowledger,
        rules: Callable[[str], Rules],
    ) -> None:
        self._store = store
        self._writer = writer
        self._manifest = manifest
        self._acknowledger = acknowledger
        self._rules = rules

    def accept(self, asked: Asked, *, now: int) -> Answer:
        """The answer to give; raises every refusal of form, signature and state.

        NonceUsed also when the service chose a nonce that another process has used since.
        """
        (answer,) = self.accept_together([asked], now=now).result()
        if isinstance(answer, Answer):
            return answer
        raise answer

    def accept_together(
        self, asked: Sequence[Asked], *, now: int
    ) -> "Future[list[Answer | Refused]]":
        """For each in order its answer or its refusal, as if each had come alone.

        They are judged at once and told after the commit. They share a snapshot and a commit,
        which cost more than an act does.
        """
        opened = [self._opened(one.envelope) for one in asked]
        with self._store.reading() as reading:
            _foresee(reading, asked, opened)
            sitting = _Sitting(reading, now)
            judged = [
                self._recalled_or_judged(sitting, one, act)
                for one, act in zip(asked, opened, strict=True)
            ]
        if not any(isinstance(one, Entry) for one in judged):
            return _kept([one for one in judged if not isinstance(one, Entry)])
        return self._writer.committing(partial(_take_in, asked=asked, judged=judged, now=now))

    def accept_all(
        self, envelopes: Sequence[Envelope], brought: Brought, *, now: int
    ) -> "Future[list[Answer | Refused]]":
        """The answers of acts that are carried whole or not at all.

        Raises the first refusal, or promises it, with the index of its act as `line`.
        """
        acts = _each_with_its_line(partial(open_act, manifest=self._manifest), envelopes)
        with self._store.reading() as reading:
            judge = partial(self._judge, _Sitting(reading, now), brought=brought)
            entries = _each_with_its_line(judge, acts)
        batch = entries[0].act.id
        whole = [replace(entry, batch=batch) for entry in entries]
        return self._writer.committing(partial(_take_all_in, entries=whole, now=now))

    def _opened(self, envelope: Envelope) -> SignedAct | Refused:
        try:
            return open_act(envelope, manifest=self._manifest)
        except REFUSED as refusal:
            return refusal

    def _recalled_or_judged(
        self, sitting: "_Sitting", asked: Asked, act: SignedAct | Refused
    ) -> Answer | Entry | Refused:
        if isinstance(act, Refused):
            return act
        try:
            if asked.request and (kept := recall(sitting.reading, asked.request)) is not None:
                return kept
            entry = self._judge(sitting, act, brought=asked.brought)
            if asked.envelope.is_nonce_filled:
                # What is undecided now may be recorded, and be found no more, before the commit.
                require_free_nonce(sitting.reading, entry.actor, act.message)
            return entry
        except REFUSED as refusal:
            return refusal

    def _judge(self, sitting: "_Sitting", act: SignedAct, *, brought: Brought) -> Entry:
        """The act as it goes into the outbox; refuses what can never become right."""
        reading, rules, now = sitting.reading, self._rules(act.type), sitting.now
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
        body = brought.render(reading, Accepted(act, actor, promised, signature))
        entry = Entry(act, actor, brought.carrier, shown, body, subjects)
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
    """The judging of acts on one snapshot: what came first may change the rest."""

    def __init__(self, reading: Connection, now: int) -> None:
        read = freshness(reading)
        self.reading = reading
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


def _kept(promise: T) -> "Future[T]":
    kept: Future[T] = Future()
    kept.set_result(promise)
    return kept


def _foresee(
    reading: Connection, asked: Sequence[Asked], opened: Sequence[SignedAct | Refused]
) -> None:
    """Look up at once what is asked of every act."""
    foresee_answers(reading, [one.request for one in asked if one.request])
    ids = [act.id for act in opened if isinstance(act, SignedAct)]
    foresee_acts(reading, ids)
    foresee_submissions(reading, ids)


def _take_in(
    connection: Connection,
    *,
    asked: Sequence[Asked],
    judged: Sequence[Answer | Entry | Refused],
    now: int,
) -> list[Answer | Refused]:
    """The commit's part, which alone decides between two that came at once."""
    answers = Answers(connection, [one.request for one in asked if one.request])
    ids = [one.act.id for one in judged if isinstance(one, Entry)]
    taking = _Taking(connection, answers, Intake(connection, ids, now=now), now)
    taken = [taking.answer(one, outcome) for one, outcome in zip(asked, judged, strict=True)]
    taking.write()
    return taken


def _take_all_in(
    connection: Connection, *, entries: Sequence[Entry], now: int
) -> list[Answer | Refused]:
    intake = Intake(connection, [entry.act.id for entry in entries], now=now)
    _each_with_its_line(intake.take, entries)
    intake.write()
    return [Answer(ACCEPTED, entry.acknowledgement, is_replay=False) for entry in entries]


@dataclass(frozen=True, slots=True)
class _Taking:
    """One transaction's way from judged acts to answers; a refused one leaves nothing."""

    connection: Connection
    answers: Answers
    intake: Intake
    now: int

    def answer(self, asked: Asked, outcome: Answer | Entry | Refused) -> Answer | Refused:
        if not isinstance(outcome, Entry):
            return outcome
        try:
            return self._taken(asked, outcome)
        except Refusal as refusal:
            return refusal

    def _taken(self, asked: Asked, entry: Entry) -> Answer:
        request = asked.request
        if request is not None and (kept := self.answers.recall(request)) is not None:
            return kept
        if asked.envelope.is_nonce_filled:
            require_free_nonce(self.connection, entry.actor, entry.act.message)
        self.intake.take(entry)
        body = entry.acknowledgement
        if request is None:
            return Answer(ACCEPTED, body, is_replay=False)
        return self.answers.remember(request, status=ACCEPTED, body=body, now=self.now)

    def write(self) -> None:
        self.intake.write()
        self.answers.write()


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
