"""What a range of blocks changes in the mirror, gathered in memory and written down at once.

One statement a row would cost more than all the rest: here rows wait as tuples, and states are
read once and then remembered.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

from ledger.store.metadata import mirror_schema
from ledger.store.prepared import Prepared
from ledger.store.rows import Row
from ledger.store.span import OPEN, current_row

_Key: TypeAlias = tuple[Table, tuple[Any, ...]]
Remembered: TypeAlias = dict[_Key, Row | None]
"""The states that hold now, by table and key, as far as they were asked for."""


class Draft:
    """A transaction's changes; `write` puts them down, and nothing is seen of them before."""

    def __init__(self, connection: Connection, remembered: Remembered) -> None:
        self.connection = connection
        self._states = remembered
        self._begun: dict[_Key, Row] = {}
        self._ended: dict[Table, list[tuple[Any, ...]]] = defaultdict(list)
        self._rows: dict[Table, list[tuple[Any, ...]]] = defaultdict(list)
        self._found: dict[tuple[Table, Any], Row] = {}

    def add(self, table: Table, row: tuple[Any, ...]) -> None:
        """One more row, its values in the order of the table's columns."""
        self._rows[table].append(row)

    def add_found(self, table: Table, row: Row) -> None:
        """One more row that `find` shows already, by the table's one key column."""
        self.add(table, _values_of(table)(row))
        (key,) = table.primary_key
        self._found[table, row[key.name]] = row

    def find(self, prepared: Prepared, table: Table, key: Any) -> Row | None:
        """The row of this key, added here or stored before; `prepared` takes the key's name."""
        if (found := self._found.get((table, key))) is not None:
            return found
        (column,) = table.primary_key
        return prepared.first(self.connection, **{column.name: key})

    def current(self, table: Table, key: Mapping[str, Any]) -> Row | None:
        """The state of this key after what was put here."""
        return self._current((table, _key_of(table)(key)), key)

    def _current(self, place: _Key, key: Mapping[str, Any]) -> Row | None:
        if place not in self._states:
            self._states[place] = current_row(self.connection, place[0], key)
        return self._states[place]

    def put(
        self, table: Table, *, key: Mapping[str, Any], values: Mapping[str, Any], block: int
    ) -> None:
        """Let the key have these values from this block on; unnamed values stay as they were."""
        place = table, _key_of(table)(key)
        before = self._current(place, key)
        if before is not None and before["valid_from"] == block:
            before.update(values)  # several changes in one block are one row
            return
        if before is not None:
            self._end(place, before, block)
        row = {**(before or _defaults(table)), **key, **values, "valid_from": block}
        self._states[place] = self._begun[place] = row

    def _end(self, place: _Key, row: Row, block: int) -> None:
        table, key = place
        if place in self._begun:
            row["valid_to"] = block
            self.add(table, _values_of(table)(row))
        else:
            self._ended[table].append((block, *key, row["valid_from"]))

    def write(self) -> None:
        """Put everything down: first what ends, so that of each state one holds."""
        for (table, _), row in self._begun.items():
            row["valid_to"] = OPEN
            self.add(table, _values_of(table)(row))
        for table, ended in self._ended.items():
            self._end_stored(table, ended)
        for table, rows in self._rows.items():
            insert_rows(self.connection, table, rows)

    def _end_stored(self, table: Table, ended: list[tuple[Any, ...]]) -> None:
        mark = "?" if self.connection.dialect.name == "sqlite" else "%s"
        where = " AND ".join(f'"{name}" = {mark}' for name in (*_key_names(table), "valid_from"))
        target = _full_name(self.connection, table)
        text = f"UPDATE {target} SET valid_to = {mark} WHERE {where}"  # noqa: S608 - of the model
        cursor = self.connection.connection.cursor()
        cursor.executemany(text, ended)
        cursor.close()


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write whole rows past SQLAlchemy: by COPY in PostgreSQL, prepared once in SQLite."""
    names = ", ".join(f'"{name}"' for name in _names(table))
    target = f"{_full_name(connection, table)} ({names})"
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.c))
        cursor.executemany(f"INSERT INTO {target} VALUES ({marks})", rows)  # noqa: S608
    else:
        with cursor.copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_type_names(table))
            for row in rows:
                copy.write_row(row)
    cursor.close()


def _full_name(connection: Connection, table: Table) -> str:
    return f'{mirror_schema(connection)}."{table.name}"'


@cache
def _names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.c)


@cache
def _type_names(table: Table) -> list[str]:
    """What PostgreSQL calls the types of the columns, which it must be told for bytes as such."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [column.type.compile(dialect).lower() for column in table.c]


@cache
def _key_names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key if column.name != "valid_from")


@cache
def _values_of(table: Table) -> Callable[[Row], tuple[Any, ...]]:
    """What gives a row's values in the order of the columns."""
    return itemgetter(*_names(table))


@cache
def _key_of(table: Table) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What gives a state's key as a tuple."""
    names = _key_names(table)
    if len(names) > 1:
        return itemgetter(*names)
    (name,) = names
    return lambda key: (key[name],)


@cache
def _defaults(table: Table) -> Row:
    """What a state has that was never put: 0 where the table says so, else nothing."""
    return {column.name: 0 if column.server_default is not None else None for column in table.c}
