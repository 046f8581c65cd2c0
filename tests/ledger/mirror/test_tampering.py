"""A thousand changes by hand, of any row of any table of the mirror: all found, each named."""

import json
import random
import shutil
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Table

from ledger.mirror.reconcile import reconcile
from ledger.store.metadata import MIRROR
from ledger.store.sqlite import SqliteStore
from tests.goals import Tell, goal_line
from tests.ledger.played import Opened, fold_log

Named = tuple[str, tuple[Any, ...]]
TABLES = MIRROR.sorted_tables
_AT_ONCE = 10
SLICE, WHOLE = 100, 1_000


class Tampering:
    """Random edits, deletions and insertions, seeded; `named` is what must be found of them."""

    def __init__(self, connection: sqlite3.Connection, draw: random.Random) -> None:
        self._connection = connection
        self._draw = draw
        self.named: list[set[Named]] = []
        self._touched: set[Named] = set()

    def change(self) -> None:
        """One change that the database itself does not refuse, of a row not touched before."""
        while True:
            table = self._draw.choice(TABLES)
            rows = self._connection.execute(f'SELECT * FROM "{table.name}"').fetchall()
            if not rows:
                continue
            # The tail as often as all the rest: what came last is easiest to take away.
            row = rows[-1] if self._draw.random() < 0.5 else self._draw.choice(rows)
            kind = self._draw.choice((self._edit, self._delete, self._insert))
            try:
                named = kind(table, list(row))
            except sqlite3.IntegrityError:
                continue
            if named:
                self.named.append(named)
                return

    def _edit(self, table: Table, row: list[Any]) -> set[Named]:
        before = self._name(table, row)
        place = self._draw.randrange(len(row))
        row[place] = self._other(row[place])
        after = self._name(table, row)
        if not self._is_fresh(before, after):
            return set()
        column = list(table.c)[place].name
        self._run(table, f'UPDATE "{table.name}" SET "{column}" = ?', before, row[place])
        self._touched |= {before, after}
        return {before, after}

    def _delete(self, table: Table, row: list[Any]) -> set[Named]:
        name = self._name(table, row)
        if not self._is_fresh(name):
            return set()
        self._run(table, f'DELETE FROM "{table.name}"', name)
        self._touched.add(name)
        return {name}

    def _insert(self, table: Table, row: list[Any]) -> set[Named]:
        for place, column in enumerate(table.c):
            if column.primary_key:
                row[place] = self._other(row[place])
        name = self._name(table, row)
        if not self._is_fresh(name):
            return set()
        marks = ", ".join("?" * len(row))
        self._connection.execute(f'INSERT INTO "{table.name}" VALUES ({marks})', row)
        self._touched.add(name)
        return {name}

    def _run(self, table: Table, statement: str, name: Named, *values: Any) -> None:
        keys = [column.name for column in table.primary_key]
        where = " AND ".join(f'"{key}" = ?' for key in keys)
        changed = self._connection.execute(f"{statement} WHERE {where}", (*values, *name[1]))
        assert changed.rowcount == 1

    def _is_fresh(self, *names: Named) -> bool:
        return not self._touched & set(names)

    def _name(self, table: Table, row: list[Any]) -> Named:
        values = dict(zip((column.name for column in table.c), row, strict=True))
        return table.name, tuple(values[column.name] for column in table.primary_key)

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


def tamper(ledger: Opened, *, changes: int, seed: int) -> dict[str, Any]:
    """So many changes, ten at a time on a whole mirror; which were not found, or not named."""
    started, draw = time.monotonic(), random.Random(seed)
    fold_log(ledger.mirror)
    whole = ledger.mirror.with_suffix(".whole")
    shutil.copyfile(ledger.mirror, whole)
    unnamed = unfound = 0
    for _ in range(changes // _AT_ONCE):
        shutil.copyfile(whole, ledger.mirror)
        with closing(sqlite3.connect(ledger.mirror)) as connection, connection:
            tampering = Tampering(connection, draw)
            for _ in range(_AT_ONCE):
                tampering.change()
        store = SqliteStore(ledger.store.path.parent)  # none that has the last file still open
        differences = reconcile(store, ledger.reader, ledger.manifest).differences
        store.close()
        found = {(one.table, tuple(one.key.values())) for one in differences}
        unnamed += sum(not named <= found for named in tampering.named)
        unfound += not differences
    return goal_line(
        "tampering", seed=seed, n=changes, violations=unfound + unnamed, started=started,
        unnamed=unnamed,
    )  # fmt: skip


# Ten times every row is compared with a rebuild.
@pytest.mark.slow
def test_reconcile_names_each_row_when_a_hundred_were_changed(copy: Opened, tell: Tell) -> None:
    told = tamper(copy, changes=SLICE, seed=20260101)
    tell(told)
    assert told["violations"] == 0, told


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_reconcile_names_each_row_when_a_thousand_were_changed(
    copy: Opened, tell: Tell, fresh_seed: int
) -> None:
    told = tamper(copy, changes=WHOLE, seed=fresh_seed)
    tell(told)
    assert told["violations"] == 0, json.dumps(told)
