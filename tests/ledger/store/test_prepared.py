"""Statements prepared once: many rows by one of them, and answers remembered on a snapshot."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from ledger.founding import migrate
from ledger.outbox.model import idempotency_table
from ledger.store import prepared
from ledger.store.prepared import Lookup, answered_once, prepared_insert, remember_answers
from ledger.store.sqlite import SqliteStore

TABLE = idempotency_table
LOOKUP = Lookup(select(TABLE), TABLE.c.caller, TABLE.c.key)


def _row(number: int) -> dict[str, Any]:
    asked = {"caller": bytes([number % 250]) * 32, "key": f"key-{number}", "request": bytes(32)}
    return asked | {"status": 202, "body": b"{}", "created_at": number}


def _key(number: int) -> tuple[bytes, str]:
    row = _row(number)
    return row["caller"], row["key"]


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    store = SqliteStore(tmp_path, mac_key=bytes(32))
    store.prepare()
    migrate(store)
    return store


def _write(store: SqliteStore, count: int) -> None:
    with store.keeping() as connection:
        prepared_insert(TABLE).write(connection, [_row(number) for number in range(count)])


def _numbers(connection: Connection) -> list[int]:
    query = select(TABLE.c.created_at).order_by(TABLE.c.seq)
    return list(connection.execute(query).scalars())


def test_write_keeps_every_row_in_order_when_there_are_more_than_a_statement_takes(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "_ROWS_PER_STATEMENT", 4)
    _write(store, 10)
    with store.keeping() as connection:
        assert _numbers(connection) == list(range(10))


def test_write_does_nothing_when_there_is_no_row(store: SqliteStore) -> None:
    _write(store, 0)
    with store.keeping() as connection:
        assert _numbers(connection) == []


def test_many_gives_those_that_are_there_when_some_are_not(store: SqliteStore) -> None:
    _write(store, 5)
    with store.keeping() as connection:
        found = LOOKUP.many(connection, [_key(number) for number in (1, 3, 7)])
    assert {key: row["created_at"] for key, row in found.items()} == {_key(1): 1, _key(3): 3}


def test_many_searches_an_index_when_the_key_is_of_two_columns(store: SqliteStore) -> None:
    with store.keeping() as connection:
        driver: Any = connection.connection.driver_connection
        asked: list[str] = []
        driver.set_trace_callback(asked.append)
        LOOKUP.many(connection, [_key(1), _key(2)])
        driver.set_trace_callback(None)
        steps = driver.execute(f"EXPLAIN QUERY PLAN {asked[-1]}").fetchall()
    assert not [step for *_, step in steps if step == f"SCAN {TABLE.name}"]


def test_first_needs_no_statement_when_the_answer_was_foreseen(store: SqliteStore) -> None:
    _write(store, 1)
    with store.keeping() as connection:
        remember_answers(connection)
        LOOKUP.foresee(connection, [_key(0), _key(1)])
        driver: Any = connection.connection.driver_connection
        asked: list[str] = []
        driver.set_trace_callback(asked.append)
        (caller, key), (other, absent) = _key(0), _key(1)
        there = LOOKUP.first(connection, caller=caller, key=key)
        assert there is not None and there["created_at"] == 0
        assert LOOKUP.first(connection, caller=other, key=absent) is None
        driver.set_trace_callback(None)
    assert asked == []


def test_answer_is_found_anew_when_the_function_raised(store: SqliteStore) -> None:
    calls: list[int] = []

    @answered_once
    def half(_snapshot: Connection, number: int) -> int:
        calls.append(number)
        if number % 2:
            raise ValueError
        return number // 2

    with store.keeping() as connection:
        remember_answers(connection)
        assert [half(connection, 4), half(connection, 4)] == [2, 2]
        for _ in "12":
            with pytest.raises(ValueError):
                half(connection, 3)
    assert calls == [4, 3, 3]
