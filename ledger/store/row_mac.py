"""Kept tables: a message authentication code (MAC) of every kept row, and their running total.

Only the service's key makes them, so what a hand does to a kept row is seen and named: a row whose
MAC does not come out was changed, one without a MAC added, a MAC without its row is of one that
was removed. Row and MAC removed together leave a total that does not come out.
"""

import hmac
import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import BigInteger, CheckConstraint, Column, Connection, Integer, Table, Text

from ledger.store.columns import BYTES32
from ledger.store.metadata import KEPT

row_mac_table = Table(
    "row_mac",
    KEPT,
    Column("table_name", Text, primary_key=True),
    Column("row_key", Text, primary_key=True),
    Column("mac", BYTES32, nullable=False),
    sqlite_with_rowid=False,
)
row_mac_total_table = Table(
    "row_mac_total",
    KEPT,
    Column("row", Integer, CheckConstraint('"row" = 1'), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("sum", BYTES32, nullable=False),  # of all MACs, modulo 2^256
    Column("mac", BYTES32, nullable=False),  # of count and sum
)
_MAC_BYTES = 32
_TOTAL = "row_mac_total"
_WRITE = (
    "INSERT INTO row_mac (table_name, row_key, mac) VALUES ({0}, {0}, {0})"
    " ON CONFLICT (table_name, row_key) DO UPDATE SET mac = excluded.mac"
)
_REMOVE = "DELETE FROM row_mac WHERE table_name = {0} AND row_key = {0}"
_READ_TOTAL = "SELECT count, sum, mac FROM row_mac_total"
_WRITE_TOTAL = (
    'INSERT INTO row_mac_total ("row", count, sum, mac) VALUES (1, {0}, {0}, {0})'
    ' ON CONFLICT ("row") DO UPDATE'
    " SET count = excluded.count, sum = excluded.sum, mac = excluded.mac"
)
_log = logging.getLogger("carbonledger.store")

Value: TypeAlias = int | float | str | bytes | None


def row_mac(key: bytes, table: str, values: Iterable[Value]) -> bytes:
    """HMAC-SHA-256 (32 bytes) over the table's heading and the row's values as they are stored.

    Each value has its type and length before it, so that no two rows read alike.
    """
    parts: list[bytes] = []
    for value in (table, *values):  # in one loop: each accepted act comes through here often
        if value is None:
            parts.append(b"n")
        elif isinstance(value, bytes):
            parts += (b"b%d:" % len(value), value)
        elif isinstance(value, int):
            parts.append(b"i%d," % value)
        else:
            # Not strict: a hand may have written what is no text at all, and that must be found.
            text = str(value).encode("utf-8", "surrogateescape")
            parts += (b"t%d:" % len(text) if isinstance(value, str) else b"r%d:" % len(text), text)
    return hmac.digest(key, b"".join(parts), "sha256")


class Change(NamedTuple):
    """What a transaction did to a row: its MAC before and after, and the one that is written down.

    None where there was, is, or is written none.
    """

    table: str
    row_key: str
    before: bytes | None
    after: bytes | None
    written: bytes | None


def write_row_macs(connection: Connection, key: bytes, changes: Sequence[Change]) -> None:
    """The MACs of what a transaction changed, and the total.

    A row that was changed by hand keeps the MAC it has: what is done to it here must not hide it.
    """
    honest = [one for one in changes if one.before != one.after and _comes_out(one)]
    if not honest:
        return
    written = [(one.table, one.row_key, one.after) for one in honest if one.after is not None]
    removed = [(one.table, one.row_key) for one in honest if one.after is None]
    # Handed to the driver as text: every commit comes through here.
    cursor: Any = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    for statement, rows in ((_WRITE, written), (_REMOVE, removed)):
        if rows:
            cursor.executemany(statement.format(mark), rows)
    if (total := _total(cursor, key, honest)) is not None:
        cursor.execute(_WRITE_TOTAL.format(mark), total)
    cursor.close()


def _comes_out(change: Change) -> bool:
    is_honest = change.before == change.written
    if not is_honest:
        _log.warning("%s %s was changed by hand", change.table, change.row_key)
    return is_honest


def _total(cursor: Any, key: bytes, changes: Sequence[Change]) -> tuple[int, bytes, bytes] | None:
    """Count, sum and MAC after these changes; None where a hand changed the total, which stays."""
    told = cursor.execute(_READ_TOTAL).fetchone()
    count, total, mac = told or (0, bytes(_MAC_BYTES), None)
    if told and mac != total_mac(key, count, total):
        return None
    for one in changes:
        count += (one.after is not None) - (one.before is not None)
    numbers = [_number(one.after) - _number(one.before) for one in changes]
    total = sum_of_macs(_number(total) + sum(numbers))
    return count, total, total_mac(key, count, total)


def sum_of_macs(numbers: int) -> bytes:
    """The sum as it is written down: modulo 2^256, in 32 bytes."""
    return (numbers % 2**256).to_bytes(_MAC_BYTES, "big")


def total_mac(key: bytes, count: Value, total: Value) -> bytes:
    """The MAC of a count and a sum."""
    return row_mac(key, _TOTAL, (count, total))


def _number(mac: bytes | None) -> int:
    return 0 if mac is None else int.from_bytes(mac, "big")
