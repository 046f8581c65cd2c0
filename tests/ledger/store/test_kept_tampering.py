"""A thousand changes by hand, of any row of any kept table: all found, each named."""

import json
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import psycopg
import pytest
from sqlalchemy import BigInteger, Boolean, Integer, Table, Text, insert, select

from ledger.founding import migrate
from ledger.migrations.kept import KEPT
from ledger.store.broken_rows import broken_rows, count_of_total
from ledger.store.columns import FixedBytes
from ledger.store.engine import Store
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import SqliteStore
from tests.goals import Tell, goal_line
from tests.ledger.mirror.test_tampering import by_hand
from tests.ledger.played import Opened, Played, fold_log
from tests.ledger.tampering import Named, Refused, Run, Tampering

TABLES = KEPT.sorted_tables
OF_THE_MACS = ("row_mac", "row_mac_total")
MAC_KEY = b"\x05" * 32
_AT_ONCE, _ROWS = 10, 12
SLICE, WHOLE = 100, 1_000


def fill(store: Store, draw: random.Random) -> None:
    """Rows in every kept table that has none."""
    with store.keeping() as connection:
        for table in TABLES:
            if table.name in OF_THE_MACS or connection.execute(select(table)).first() is not None:
                continue
            count = 1 if "row" in table.c else _ROWS
            rows = [_row(table, number, draw) for number in range(1, count + 1)]
            connection.execute(insert(table), rows)


def _row(table: Table, number: int, draw: random.Random) -> dict[str, Any]:
    return {column.name: _value(column.type, number, draw) for column in table.c}


def _value(kind: Any, number: int, draw: random.Random) -> Any:
    if isinstance(kind, FixedBytes):
        return draw.randbytes(kind.length)
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, Integer | BigInteger):
        return number
    return f"text {number}" if isinstance(kind, Text) else draw.randbytes(50)


def named(table: Table, row: Sequence[Any]) -> Named:
    """What a row is found by: a MAC by the row that it is of."""
    values = dict(zip((column.name for column in table.c), row, strict=True))
    if table.name == "row_mac":
        return values["table_name"], values["row_key"]
    keys = [values[column.name] for column in table.primary_key]
    keys.sort(key=lambda one: isinstance(one, bytes))  # numbers first
    return table.name, " ".join(key.hex() if isinstance(key, bytes) else str(key) for key in keys)


def missed(store: Store, tampering: Tampering, key: bytes) -> tuple[int, int]:
    """How many changes were not found, and how many not named."""
    with store.reading_kept() as reading:
        found = {(one.table, one.key) for one in broken_rows(reading, key)}
    unnamed = sum(not names <= found for names in tampering.named)
    return (0 if found else len(tampering.named)), unnamed


def tamper(ledger: Opened, key: bytes, *, changes: int, seed: int) -> dict[str, Any]:
    """So many changes, ten at a time on a whole database; which were not found, or not named."""
    started, draw = time.monotonic(), random.Random(seed)
    fill(ledger.store, draw)
    fold_log(ledger.store.path)
    whole = ledger.store.path.with_suffix(".whole")
    shutil.copyfile(ledger.store.path, whole)
    unnamed = unfound = 0
    for _ in range(changes // _AT_ONCE):
        shutil.copyfile(whole, ledger.store.path)
        with closing(sqlite3.connect(ledger.store.path)) as connection, connection:
            for event in ("update", "delete"):  # whoever owns the file can do so
                connection.execute(f"DROP TRIGGER audit_entry_no_{event}")
            tampering = Tampering(TABLES, by_hand(connection), draw, name=named)
            for _ in range(_AT_ONCE):
                tampering.change()
        with closing(SqliteStore(ledger.store.path.parent)) as store:
            not_found, not_named = missed(store, tampering, key)
        unfound, unnamed = unfound + not_found, unnamed + not_named
    violations = unfound + unnamed
    return goal_line(
        "tampering_kept", seed=seed, n=changes, violations=violations, started=started,
        unnamed=unnamed,
    )  # fmt: skip


def test_tamper_finds_and_names_each_row_when_a_hundred_were_changed(
    copy: Opened, played: Played, tell: Tell
) -> None:
    told = tamper(copy, played.mac_key, changes=SLICE, seed=20260101)
    tell(told)
    assert told["violations"] == 0, told


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_tamper_finds_and_names_each_row_when_a_thousand_were_changed(
    copy: Opened, played: Played, tell: Tell
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    told = tamper(copy, played.mac_key, changes=WHOLE, seed=seed)
    tell(told)
    assert told["violations"] == 0, json.dumps(told)


@pytest.fixture
def distant(database: str) -> Iterator[PostgresStore]:
    """Every kept table in PostgreSQL, with rows."""
    with closing(PostgresStore(database, mac_key=MAC_KEY)) as store:
        store.prepare()
        migrate(store)
        fill(store, random.Random(1))
        yield store


def _by_hand_in_postgres(connection: psycopg.Connection) -> Run:
    def run(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            with connection.transaction():
                cursor = connection.execute(statement.replace("?", "%s").encode(), values)
                return cursor.fetchall() if cursor.description else []
        except (psycopg.IntegrityError, psycopg.DataError, psycopg.ProgrammingError):
            raise Refused from None

    return run


# The server is started for it.
@pytest.mark.slow
def test_tamper_finds_and_names_each_row_when_they_are_in_postgresql(
    distant: PostgresStore, database: str, tell: Tell
) -> None:
    started, draw = time.monotonic(), random.Random(20260102)
    with psycopg.connect(database, options="-c search_path=kept", autocommit=True) as connection:
        connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        run = _by_hand_in_postgres(connection)
        tampering = Tampering(TABLES, run, draw, name=named)
        for _ in range(SLICE):
            tampering.change()
    unfound, unnamed = missed(distant, tampering, MAC_KEY)
    violations = unfound + unnamed
    told = goal_line(
        "tampering_kept", seed=20260102, n=SLICE, violations=violations, started=started,
        unnamed=unnamed, database="postgresql",
    )  # fmt: skip
    tell(told)
    assert (unfound, unnamed) == (0, 0)


# The server is started for it.
@pytest.mark.slow
def test_keep_seals_what_was_written_when_it_is_in_postgresql(distant: PostgresStore) -> None:
    with distant.reading_kept() as reading:
        assert list(broken_rows(reading, MAC_KEY)) == []
        assert count_of_total(reading) is not None
