"""Random edits, deletions and insertions by a hand, in any table, and how each must be named."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Table

Named = tuple[str, Any]
Run = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


class Refused(Exception):
    """The database itself does not take the change: a type, a key that is there, a condition."""


class Tampering:
    """Changes of rows not touched before, seeded; `named` is what must be found of each.

    `run` gives the rows of a statement with `?` for values, or raises Refused; `name` is what a row
    is found by.
    """

    def __init__(
        self,
        tables: Sequence[Table],
        run: Run,
        draw: random.Random,
        *,
        name: Callable[[Table, Sequence[Any]], Named],
    ) -> None:
        self._tables = tables
        self._run = run
        self._draw = draw
        self._name = name
        self.named: list[set[Named]] = []
        self._touched: set[Named] = set()

    def change(self) -> None:
        """One change that the database itself does not refuse."""
        while True:
            table = self._draw.choice(self._tables)
            rows = self._run(f'SELECT * FROM "{table.name}" ORDER BY {_keys(table)}', ())
            if not rows:
                continue
            # The tail as often as all the rest: what came last is easiest to take away.
            row = rows[-1] if self._draw.random() < 0.5 else self._draw.choice(rows)
            kind = self._draw.choice((self._edit, self._delete, self._insert))
            try:
                named = kind(table, list(row))
            except Refused:
                continue
            if named:
                self._touched |= named
                self.named.append(named)
                return

    def _edit(self, table: Table, row: list[Any]) -> set[Named]:
        before, place = list(row), self._draw.randrange(len(row))
        row[place] = self._other(row[place])
        names = {self._name(table, before), self._name(table, row)}
        if self._is_fresh(names):
            column = list(table.c)[place].name
            self._change(table, f'UPDATE "{table.name}" SET "{column}" = ?', before, row[place])
            return names
        return set()

    def _delete(self, table: Table, row: list[Any]) -> set[Named]:
        names = {self._name(table, row)}
        if self._is_fresh(names):
            self._change(table, f'DELETE FROM "{table.name}"', row)
            return names
        return set()

    def _insert(self, table: Table, row: list[Any]) -> set[Named]:
        for place, column in enumerate(table.c):
            if column.primary_key or column.unique:
                row[place] = self._other(row[place])
        names = {self._name(table, row)}
        if self._is_fresh(names):
            marks = ", ".join("?" * len(row))
            self._run(f'INSERT INTO "{table.name}" VALUES ({marks})', row)
            return names
        return set()

    def _change(self, table: Table, statement: str, row: Sequence[Any], *values: Any) -> None:
        named = zip((column.name for column in table.c), row, strict=True)
        keys = [value for name, value in named if name in table.primary_key.columns]
        where = " AND ".join(f'"{column.name}" = ?' for column in table.primary_key)
        self._run(f"{statement} WHERE {where}", (*values, *keys))

    def _is_fresh(self, names: set[Named]) -> bool:
        return not self._touched & names

    def _other(self, value: Any) -> Any:
        if isinstance(value, bytes):
            place = self._draw.randrange(len(value)) if value else 0
            bit = bytes([value[place] ^ 1 << self._draw.randrange(8)]) if value else b"\x01"
            return value[:place] + bit + value[place + 1 :]
        if isinstance(value, str):
            return value + self._draw.choice("x0 ")
        if value is None:
            return bytes(32)
        return value + self._draw.choice((-1, 1, 2**40))


def _keys(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.primary_key)
