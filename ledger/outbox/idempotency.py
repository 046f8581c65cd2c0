"""One effect per caller and key: the first answer is kept and given again, byte for byte."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ledger.errors import IdempotencyKeyReused
from ledger.outbox.model import idempotency_table
from ledger.store.prepared import Lookup, prepared_insert
from ledger.store.rows import Row

_KEPT = Lookup(select(idempotency_table), idempotency_table.c.caller, idempotency_table.c.key)
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
    return _recalled(_KEPT.first(connection, caller=request.caller, key=request.key), request)


def foresee_answers(snapshot: Connection, requests: Iterable[Request]) -> None:
    """Look the kept answers of many requests up at once, before each is recalled."""
    _KEPT.foresee(snapshot, [(request.caller, request.key) for request in requests])


def remember(
    connection: Connection, request: Request, *, status: int, body: bytes, now: int
) -> Answer:
    """Keep the first answer; the unique key decides between two at once."""
    _KEEP.write(connection, [_row(request, status=status, body=body, now=now)])
    return Answer(status, body, is_replay=False)


class Answers:
    """The answers of many requests in one transaction, looked up at once and written at once."""

    def __init__(self, connection: Connection, requests: Iterable[Request]) -> None:
        self._connection = connection
        self._kept = _KEPT.many(connection, [(one.caller, one.key) for one in requests])
        self._new: list[dict[str, Any]] = []

    def recall(self, request: Request) -> Answer | None:
        """The kept answer, None for a new key; raises IdempotencyKeyReused for another body."""
        return _recalled(self._kept.get((request.caller, request.key)), request)

    def remember(self, request: Request, *, status: int, body: bytes, now: int) -> Answer:
        """The first answer, to be kept by `write`."""
        row = _row(request, status=status, body=body, now=now)
        self._kept[request.caller, request.key] = row
        self._new.append(row)
        return Answer(status, body, is_replay=False)

    def write(self) -> None:
        _KEEP.write(self._connection, self._new)


def _recalled(row: Row | None, request: Request) -> Answer | None:
    if row is None:
        return None
    if row["request"] != request.digest:
        raise IdempotencyKeyReused(row["created_at"])
    return Answer(row["status"], row["body"], is_replay=True)


def _row(request: Request, *, status: int, body: bytes, now: int) -> dict[str, Any]:
    asked = {"caller": request.caller, "key": request.key, "request": request.digest}
    return asked | {"status": status, "body": body, "created_at": now}
