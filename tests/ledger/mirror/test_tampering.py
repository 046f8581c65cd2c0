"""A thousand changes by hand, of any row of any table of the mirror: all found, each named."""

import json
import random
import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Table

from ledger.mirror.reconcile import reconcile
from ledger.store.metadata import MIRROR
from ledger.store.sqlite import SqliteStore
from tests.goals import Tell, goal_line
from tests.ledger.played import Opened, fold_log
from tests.ledger.tampering import Named, Refused, Run, Tampering

TABLES = MIRROR.sorted_tables
_AT_ONCE = 10
SLICE, WHOLE = 100, 1_000


def _name(table: Table, row: Sequence[Any]) -> Named:
    values = dict(zip((column.name for column in table.c), row, strict=True))
    return table.name, tuple(values[column.name] for column in table.primary_key)


def by_hand(connection: sqlite3.Connection) -> Run:
    """What a hand does with a file."""

    def run(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return connection.execute(statement, values).fetchall()
        except sqlite3.IntegrityError:
            raise Refused from None

    return run


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
            tampering = Tampering(TABLES, by_hand(connection), draw, name=_name)
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
