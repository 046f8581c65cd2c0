"""One effect per caller and key: the first answer is kept and given again, byte for byte."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from ledger.errors import IdempotencyKeyReused
from ledger.outbox.model import idempotency_table
from ledger.store.prepared import Prepared, prepared_insert

_KEPT = Prepared(
    select(idempotency_table).where(
        idempotency_table.c.caller == bindparam("caller"),
        idempotency_table.c.key == bindparam("key"),
    )
)
_KEEP = prepared_insert(idempotency_table)


@dataclass(frozen=True, slots=True)
class Request:
    """A write as the caller named it: who calls (32 bytes), the key, the SHA-256 of the rest."""

    caller: bytes
    key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a write: HTTP status, body, and whether it was given before."""

    status: int
    body: bytes
    is_replay: bool


def recall(connection: Connection, request: Request) -> Answer | None:
    """The kept answer, None for a new key; raises IdempotencyKeyReused for another body."""
    row = _KEPT.first(connection, caller=request.caller, key=request.key)
    if row is None:
        return None
    if row["request"] != request.digest:
        raise IdempotencyKeyReused(row["created_at"])
    return Answer(row["status"], row["body"], is_replay=True)


def remember(
    connection: Connection, request: Request, *, status: int, body: bytes, now: int
) -> Answer:
    """Keep the first answer; the unique key decides between two at once."""
    row = {"caller": request.caller, "key": request.key, "request": request.digest}
    answer = {"status": status, "body": body, "created_at": now}
    _KEEP.write(connection, [row | answer])
    return Answer(status, body, is_replay=False)
