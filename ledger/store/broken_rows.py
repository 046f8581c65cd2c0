"""Every kept row against its MAC: what was changed, added or removed by hand, named by its key.

Rows are read as they lie in the database, one after another; whatever type a hand gave a value, it
is found and not stumbled over.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from ledger.store.kept_shape import Shape, postgres_shapes, sqlite_shapes
from ledger.store.noted_changes import digest_in_postgres
from ledger.store.row_mac import row_mac, sum_of_macs, total_mac

_WITH_MACS = (
    'SELECT {key}, row_mac.mac, {values} FROM "{table}" LEFT JOIN row_mac'
    " ON row_mac.table_name = '{table}' AND row_mac.row_key = {key}"
)
_WITHOUT_ROWS = (
    "SELECT row_key FROM row_mac WHERE table_name = '{table}' EXCEPT SELECT {key} FROM \"{table}\""
)
_OF_NO_TABLE = "SELECT table_name, row_key FROM row_mac WHERE table_name NOT IN ({tables})"
_TOTALS = 'SELECT "row", count, sum, mac FROM row_mac_total ORDER BY "row"'


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A kept row that is not what the service wrote: its table, its key as text, what happened."""

    table: str
    key: str
    kind: Literal["changed", "added", "missing"]

    def __str__(self) -> str:
        return f"{self.table} {self.key} {self.kind}"


def broken_rows(reading: Connection, key: bytes) -> Iterator[BrokenRow]:
    """The rows of this snapshot whose MACs under the service's key do not come out."""
    with _as_they_lie(reading):
        shapes = _shapes(reading)
        for shape in shapes:
            yield from _changed_or_added(reading, key, shape)
            yield from _missing(reading, shape)
        for table, row_key in _read(reading, _of_no_table(shapes)):
            yield BrokenRow(_text(table), _text(row_key), "missing")
        yield from _broken_totals(reading, key)


def count_of_total(reading: Connection) -> int | None:
    """How many MACs there are; None where they are not as many, or give not the sum, as told.

    So it is where a row and its MAC were removed together, or a MAC was changed by hand.
    """
    with _as_they_lie(reading):
        count = total = 0
        for (mac,) in _read(reading, "SELECT mac FROM row_mac"):
            count += 1
            total += int.from_bytes(_bytes(mac), "big")
        told = [(count, _bytes(each)) for _, count, each, _ in _read(reading, _TOTALS)]
    return count if told == [(count, sum_of_macs(total))] else None


def _shapes(reading: Connection) -> list[Shape]:
    if _is_sqlite(reading):
        return sqlite_shapes(reading.connection.driver_connection)
    return postgres_shapes(reading)


def _is_sqlite(reading: Connection) -> bool:
    return reading.dialect.name == "sqlite"


def _changed_or_added(reading: Connection, key: bytes, shape: Shape) -> Iterator[BrokenRow]:
    row, bound_to = f'"{shape.table}"', shape.table
    if _is_sqlite(reading):
        values, bound_to = shape.values(row), shape.heading
    else:
        values = digest_in_postgres(shape, row)
    query = _WITH_MACS.format(table=shape.table, key=_key_of(reading, shape), values=values)
    for row_key, mac, *content in _read(reading, query):
        if mac is None:
            yield BrokenRow(shape.table, row_key, "added")
        elif mac != row_mac(key, bound_to, content):
            yield BrokenRow(shape.table, row_key, "changed")


def _missing(reading: Connection, shape: Shape) -> Iterator[BrokenRow]:
    query = _WITHOUT_ROWS.format(table=shape.table, key=_key_of(reading, shape))
    for (row_key,) in _read(reading, query):
        yield BrokenRow(shape.table, _text(row_key), "missing")


def _key_of(reading: Connection, shape: Shape) -> str:
    row = f'"{shape.table}"'
    return shape.key_in_sqlite(row) if _is_sqlite(reading) else shape.key_in_postgres(row)


def _of_no_table(shapes: list[Shape]) -> str:
    return _OF_NO_TABLE.format(tables=", ".join(f"'{shape.table}'" for shape in shapes))


def _broken_totals(reading: Connection, key: bytes) -> Iterator[BrokenRow]:
    rows = {row: told for row, *told in _read(reading, _TOTALS)}
    if 1 not in rows:
        yield BrokenRow("row_mac_total", "1", "missing")
    for row, (count, total, mac) in rows.items():
        if row != 1:
            yield BrokenRow("row_mac_total", _text(row), "added")
        elif mac != total_mac(key, count, total):
            yield BrokenRow("row_mac_total", "1", "changed")


def _read(reading: Connection, query: str) -> Any:
    """Rows one after another, with their values as the driver gives them."""
    # Not ours to compile: the names in the query are those of the database.
    return reading.execution_options(stream_results=True).exec_driver_sql(query)


@contextmanager
def _as_they_lie(reading: Connection) -> Iterator[None]:
    """Let SQLite give text that is none: a hand may have written it."""
    driver_connection: Any = reading.connection.driver_connection
    if not _is_sqlite(reading):
        yield
        return
    usual = driver_connection.text_factory
    driver_connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver_connection.text_factory = usual


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else repr(value).encode("utf-8", "backslashreplace")


def _text(value: Any) -> str:
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return text.encode("utf-8", "backslashreplace").decode()
