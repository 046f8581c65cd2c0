"""Submissions: taking one in, and what the outbox knows of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from ledger.chain.codec import SHOWN_BY, decode_message, encode_message
from ledger.errors import OutboxFull
from ledger.outbox.act import SignedAct
from ledger.outbox.model import submission_table, undecided_table
from ledger.store.rows import Row, first_row, inserted_seq

UNDECIDED_LIMIT = 100_000
UNDECIDED = ("accepted", "sent")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is put into the outbox with an act."""

    act: SignedAct
    actor: bytes
    carrier: bytes | None
    shown: Mapping[str, Any] | None
    acknowledgement: bytes
    subjects: frozenset[bytes]


def submission(connection: Connection, act_id: bytes) -> Row | None:
    """The submission of this id as the outbox knows it."""
    query = select(submission_table).where(submission_table.c.id == act_id)
    return first_row(connection, query)


def message_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The message of a submission's row."""
    return decode_message(row["type"], row["payload"])


def has_undecided(connection: Connection, subjects: Iterable[bytes]) -> bool:
    """Whether a submission still on its way names or creates one of these."""
    wanted = undecided_table.c.subject.in_(list(subjects))
    return connection.execute(select(undecided_table.c.subject).where(wanted)).first() is not None


def oldest_undecided(connection: Connection) -> int | None:
    """When the oldest submission still on its way was accepted, in unix seconds."""
    table = submission_table
    query = select(table.c.accepted_at).where(table.c.state.in_(UNDECIDED)).order_by(table.c.seq)
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


def enqueue(connection: Connection, entry: Entry, *, now: int) -> None:
    """Take the act in, or in again after a refusal; raises OutboxFull."""
    _check_room(connection)
    before = submission(connection, entry.act.id)
    row = _row(entry, now) | {"attempt": 1 if before is None else before["attempt"] + 1}
    if before is not None:
        connection.execute(delete(submission_table).where(submission_table.c.id == entry.act.id))
    seq = inserted_seq(connection, insert(submission_table).values(**row))
    for subject in entry.subjects:
        connection.execute(insert(undecided_table).values(subject=subject, submission_seq=seq))


def _check_room(connection: Connection) -> None:
    """From the oldest undecided to the newest: a bound that costs two look-ups, not a count."""
    table = submission_table
    oldest = select(func.min(table.c.seq)).where(table.c.state.in_(UNDECIDED))
    newest = select(func.max(table.c.seq))
    first, last = connection.scalar(oldest), connection.scalar(newest)
    if first is not None and last - first >= UNDECIDED_LIMIT:
        raise OutboxFull(UNDECIDED_LIMIT)


def _row(entry: Entry, now: int) -> dict[str, Any]:
    act = entry.act
    shown = None if entry.shown is None else encode_message(SHOWN_BY[act.type], entry.shown)
    return {
        "id": act.id,
        "type": act.type,
        "actor": entry.actor,
        "carrier": entry.carrier,
        "key": act.key,
        "payload": encode_message(act.type, act.message),
        "shown": shown,
        "signature": act.signature,
        "possession": act.possession,
        "accepted_at": now,
        "deadline": act.deadline,
        "state": "accepted",
        "acknowledgement": entry.acknowledgement,
    }


def settle(connection: Connection, seq: int, *, state: str, refusal: bytes | None = None) -> None:
    """Write what became of a submission and forget it among the undecided."""
    mine = submission_table.c.seq == seq
    connection.execute(update(submission_table).where(mine).values(state=state, refusal=refusal))
    connection.execute(delete(undecided_table).where(undecided_table.c.submission_seq == seq))
