"""Statements compiled once and handed to the driver as text: what every accepted act asks.

SQLAlchemy spends more time on a statement than SQLite does; here it writes the text the first
time. Only statements whose text never changes belong here; all others stay where they are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Table, bindparam, insert
from sqlalchemy.sql.expression import ClauseElement, Executable

from ledger.store.rows import Row

_Converter = Callable[[Any], Any]


_MEMORIES: WeakKeyDictionary[Connection, dict[Any, Row | None]] = WeakKeyDictionary()


def remember_answers(snapshot: Connection) -> None:
    """Ask the same only once: this connection shows one snapshot as long as it lives."""
    _MEMORIES[snapshot] = {}


class Prepared:
    """One statement with named parameters; its rows come as dictionaries by column name."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._text = ""
        self._places: tuple[str, ...] = ()
        self._constants: Mapping[str, Any] = {}
        self._checks: dict[str, _Converter] = {}
        self._columns: tuple[tuple[str, _Converter | None], ...] = ()

    def first(self, connection: Connection, **values: Any) -> Row | None:
        """The first row, or None."""
        memory = _MEMORIES.get(connection)
        if memory is None:
            return self._first(connection, values)
        asked = (self, *values.values())
        if asked not in memory:
            memory[asked] = self._first(connection, values)
        return memory[asked]

    def _first(self, connection: Connection, values: Mapping[str, Any]) -> Row | None:
        found = self._run(connection, values).fetchone()
        return None if found is None else self._row(found)

    def every(self, connection: Connection, **values: Any) -> list[Row]:
        """All rows in the statement's order."""
        return [self._row(found) for found in self._run(connection, values)]

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run an insertion for each of the rows."""
        self._compile(connection)
        _driver(connection).executemany(self._text, [self._values(row) for row in rows])

    def insert(self, connection: Connection, row: Mapping[str, Any]) -> int:
        """Insert one row; the number that the database gave it."""
        return int(self._run(connection, row).lastrowid)

    def _run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        self._compile(connection)
        return _driver(connection).execute(self._text, self._values(values))

    def _values(self, values: Mapping[str, Any]) -> list[Any]:
        given = {**self._constants, **values}
        for name, check in self._checks.items():
            given[name] = check(given[name])
        return [given[name] for name in self._places]

    def _row(self, found: Sequence[Any]) -> Row:
        return {
            name: value if convert is None or value is None else convert(value)
            for (name, convert), value in zip(self._columns, found, strict=True)
        }

    def _compile(self, connection: Connection) -> None:
        if self._text:
            return
        assert isinstance(self._statement, ClauseElement)
        compiled: Any = self._statement.compile(dialect=connection.dialect)
        self._places = tuple(compiled.positiontup)
        self._constants = {k: v for k, v in compiled.params.items() if v is not None}
        self._checks = {k: v for k, v in compiled._bind_processors.items() if callable(v)}
        self._columns = tuple(
            (column.name, column.type.result_processor(connection.dialect, None))
            for column in getattr(self._statement, "selected_columns", ())
        )
        self._text = str(compiled)


def prepared_insert(table: Table) -> Prepared:
    """The insertion of whole rows, without the number that the database gives."""
    numbered = table.autoincrement_column
    columns = [column.name for column in table.c if column is not numbered]
    return Prepared(insert(table).values({name: bindparam(name) for name in columns}))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
