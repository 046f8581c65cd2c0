"""Submissions: taking one in, and what the outbox knows of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, literal_column, select, update

from ledger.chain.codec import SHOWN_BY, decode_message, encode_message, is_static
from ledger.errors import OutboxFull, Refusal
from ledger.outbox.act import SignedAct, already_made
from ledger.outbox.model import (
    IS_UNDECIDED,
    courier_transaction_table,
    submission_table,
    undecided_table,
)
from ledger.store.prepared import Lookup, Prepared, prepared_insert
from ledger.store.rows import Row, every_row, first_row

UNDECIDED_LIMIT = 100_000
UNDECIDED_LIMIT_OF_ACTOR = 10_000


_SUBMISSION = Lookup(select(submission_table), submission_table.c.id)
_NAMED = Prepared(
    select(undecided_table.c.subject)
    .where(undecided_table.c.subject == bindparam("subject"))
    .limit(literal_column("1"))
)
_ENQUEUE = prepared_insert(submission_table, is_numbered=True)
_NAME = prepared_insert(undecided_table)
_OLDEST = Prepared(
    select(submission_table.c.seq)
    .where(IS_UNDECIDED)
    .order_by(submission_table.c.seq)
    .limit(literal_column("1"))
)
_NEWEST = Prepared(
    select(submission_table.c.seq)
    .order_by(submission_table.c.seq.desc())
    .limit(literal_column("1"))
)


# How many of an actor's are undecided, counted no further than what matters.
_MINE = (
    select(submission_table.c.seq)
    .where(IS_UNDECIDED, submission_table.c.actor == bindparam("actor"))
    .limit(literal_column(str(UNDECIDED_LIMIT_OF_ACTOR)))
)
_COUNT_OF_ACTOR = Prepared(select(func.count().label("count")).select_from(_MINE.subquery()))


@dataclass(frozen=True, slots=True)
class Entry:
    """What is put into the outbox with an act."""

    act: SignedAct
    actor: bytes
    carrier: bytes | None
    shown: Mapping[str, Any] | None
    acknowledgement: bytes
    subjects: frozenset[bytes]
    batch: bytes | None = None  # the first act of those that are carried whole or not at all


def submission(connection: Connection, act_id: bytes) -> Row | None:
    """The submission of this id as the outbox knows it."""
    return _SUBMISSION.first(connection, id=act_id)


def foresee_submissions(snapshot: Connection, act_ids: Iterable[bytes]) -> None:
    """Look many up at once, before each is asked for."""
    _SUBMISSION.foresee(snapshot, [(act_id,) for act_id in act_ids])


def message_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The message of a submission's row."""
    return decode_message(row["type"], row["payload"])


def has_undecided(connection: Connection, subjects: Iterable[bytes]) -> bool:
    """Whether a submission still on its way names or creates one of these."""
    return any(_NAMED.first(connection, subject=subject) is not None for subject in subjects)


def oldest_undecided(connection: Connection) -> int | None:
    """When the oldest submission still on its way was accepted, in unix seconds."""
    table = submission_table
    query = select(table.c.accepted_at).where(IS_UNDECIDED).order_by(table.c.seq)
    return connection.scalar(query.limit(1))


def registration_under_way(connection: Connection, subject: bytes) -> dict[str, Any] | None:
    """The undecided Registration that names this subject as created, if any."""
    query = (
        select(submission_table)
        .join(undecided_table, undecided_table.c.submission_seq == submission_table.c.seq)
        .where(undecided_table.c.subject == subject, submission_table.c.type == "Registration")
        .order_by(submission_table.c.seq)
    )
    row = first_row(connection, query)
    return None if row is None else message_of(row)


def messages_under_way(
    connection: Connection, actor: bytes, types: Collection[str]
) -> list[dict[str, Any]]:
    """The undecided messages of these types of a participant, in no order."""
    table = submission_table
    mine = (table.c.actor == actor) & table.c.type.in_(types)
    query = select(table.c.type, table.c.payload).where(IS_UNDECIDED, mine)
    return [message_of(row) for row in every_row(connection, query)]


class Intake:
    """Acts put into the outbox by one transaction: looked up at once, written at once."""

    def __init__(self, connection: Connection, act_ids: Iterable[bytes], *, now: int) -> None:
        self._connection = connection
        self._now = now
        self._there = _SUBMISSION.many(connection, [(act_id,) for act_id in act_ids])
        self._room = _Room(connection)
        self._taken: list[tuple[Entry, Row]] = []

    def take(self, entry: Entry) -> None:
        """Take the act in, or in again after a refusal, for `write` to put it down.

        Raises the contract's word for a repeated act, OutboxFull.
        """
        before = self._there.get((entry.act.id,))
        if before is not None and before["state"] != "refused":
            raise _known(entry.act, before["state"])
        self._room.take(entry.actor)
        row = _row(entry, self._now) | {"attempt": 1 if before is None else before["attempt"] + 1}
        self._there[entry.act.id,] = row
        self._taken.append((entry, row))

    def write(self) -> None:
        again = [entry.act.id for entry, row in self._taken if row["attempt"] > 1]
        if again:
            self._connection.execute(
                delete(submission_table).where(submission_table.c.id.in_(again))
            )
        newest = _NEWEST.first(self._connection)
        first = 1 if newest is None else newest["seq"] + 1  # nobody else writes until the commit
        named = []
        for seq, (entry, row) in enumerate(self._taken, start=first):
            row["seq"] = seq
            named += [{"subject": each, "submission_seq": seq} for each in entry.subjects]
        _ENQUEUE.write(self._connection, [row for _, row in self._taken])
        _NAME.write(self._connection, named)


def _known(act: SignedAct, state: str) -> Refusal:
    refusal = already_made(act)
    refusal.first = (act.id, "sent" if state == "done" else state)
    return refusal


class _Room:
    """What the outbox has room for, in all and of each actor."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        oldest, newest = _OLDEST.first(connection), _NEWEST.first(connection)
        # From the oldest undecided to the newest: a bound that costs two look-ups, not a count.
        self._span = newest["seq"] - oldest["seq"] + 1 if newest and oldest else 0
        self._waiting: dict[bytes, int] = {}
        self._taken: Counter[bytes] = Counter()

    def take(self, actor: bytes) -> None:
        """Raises OutboxFull; only when very many wait at all, one actor's are counted."""
        if self._span > UNDECIDED_LIMIT:
            raise OutboxFull(UNDECIDED_LIMIT)
        most = UNDECIDED_LIMIT_OF_ACTOR
        if self._span >= most and self._waiting_of(actor) + self._taken[actor] >= most:
            raise OutboxFull(most)
        self._taken[actor] += 1
        self._span += 1

    def _waiting_of(self, actor: bytes) -> int:
        if actor not in self._waiting:
            row = _COUNT_OF_ACTOR.first(self._connection, actor=actor)
            assert row is not None, "a count is one row"
            self._waiting[actor] = row["count"]
        return self._waiting[actor]


def _row(entry: Entry, now: int) -> dict[str, Any]:
    act = entry.act
    shown = None if entry.shown is None else encode_message(SHOWN_BY[act.type], entry.shown)
    return {
        "id": act.id,
        "type": act.type,
        "actor": entry.actor,
        "carrier": entry.carrier,
        "batch": entry.batch,
        "key": act.key,
        "payload": act.words if is_static(act.type) else encode_message(act.type, act.message),
        "shown": shown,
        "signature": act.signature,
        "possession": act.possession,
        "accepted_at": now,
        "deadline": act.deadline,
        "state": "accepted",
        "refusal": None,
        "acknowledgement": entry.acknowledgement,
        "transaction_seq": None,
    }


def settle(
    connection: Connection, seqs: Collection[int], *, state: str, refusal: bytes | None = None
) -> None:
    """Write what became of submissions and forget them among the undecided."""
    if not seqs:
        return
    mine = submission_table.c.seq.in_(seqs)
    connection.execute(update(submission_table).where(mine).values(state=state, refusal=refusal))
    connection.execute(delete(undecided_table).where(undecided_table.c.submission_seq.in_(seqs)))


def put_back(connection: Connection, seqs: Collection[int]) -> None:
    """Let submissions of which the chain has no trace be carried once more."""
    if not seqs:
        return
    waiting = {"state": "accepted", "transaction_seq": None}
    mine = submission_table.c.seq.in_(seqs)
    connection.execute(update(submission_table).where(mine).values(**waiting))


def reopen_after(connection: Connection, block: int) -> int:
    """Let what was settled in later blocks, which the chain has no more, be carried again.

    The number of transactions whose bytes go out again; what was refused stays refused.
    """
    table = courier_transaction_table
    query = select(table.c.seq).where(table.c.done_block > block)
    lost = list(connection.scalars(query))
    mine = submission_table.c.transaction_seq.in_(lost) & (submission_table.c.state == "done")
    connection.execute(update(submission_table).where(mine).values(state="sent"))
    connection.execute(update(table).where(table.c.seq.in_(lost)).values(done_block=None))
    return len(lost)


def newest_settled_block(connection: Connection) -> int:
    """The block of the newest transaction whose outcome is written down; 0 before the first.

    It is the highest one too: nonces of a courier enter blocks in their order.
    """
    table = courier_transaction_table
    is_settled = table.c.done_block.is_not(None)
    newest = select(table.c.done_block).where(is_settled).order_by(table.c.seq.desc()).limit(1)
    return int(connection.scalar(newest) or 0)
