"""Threads of one process that keep rows: they wait for each other, not for SQLite's looks."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from ledger.evidence.model import document_table
from ledger.founding import migrate
from ledger.store import sqlite
from ledger.store.sqlite import SqliteStore

KEEPERS, ROWS = 4, 80


def test_keep_needs_no_patience_of_sqlite_when_threads_keep_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_TIMEOUT_MS", 0)
    store = SqliteStore(tmp_path, mac_key=bytes(32))
    store.prepare()
    migrate(store)

    def keep(number: int) -> None:
        row = {"digest": b"%032d" % number, "kind": "other", "media_type": "a/b", "created_at": 1}
        with store.keeping() as connection:
            connection.execute(insert(document_table).values(content=b"%d" % number, **row))

    with ThreadPoolExecutor(KEEPERS) as pool:
        list(pool.map(keep, range(ROWS)))  # raises where one found the database locked
    with store.keeping() as connection:
        assert len(list(connection.scalars(select(document_table.c.digest)))) == ROWS
    store.close()
