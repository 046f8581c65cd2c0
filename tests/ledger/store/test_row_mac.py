"""MACs of kept rows: written with the rows, and what a hand does to either is found and named."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from ledger.evidence.model import document_table
from ledger.founding import migrate
from ledger.outbox.model import undecided_table
from ledger.store.broken_rows import broken_rows, count_of_total
from ledger.store.row_mac import row_mac, sum_of_macs
from ledger.store.sqlite import SqliteStore
from tests.ledger.store.test_kept_tampering import fill

KEY, OTHER_KEY = b"\x01" * 32, b"\x02" * 32
EVERY_DOCUMENT = {f"document {number} changed" for number in (1, 2, 3)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Three documents, and what is on its way of two acts."""
    store = SqliteStore(tmp_path, mac_key=KEY)
    store.prepare()
    migrate(store)
    with store.keeping() as connection:
        connection.execute(insert(document_table), [document(number) for number in (1, 2, 3)])
        rows = [{"subject": bytes([number]) * 32, "submission_seq": number} for number in (1, 2)]
        connection.execute(insert(undecided_table), rows)
    yield store
    store.close()


def document(number: int) -> dict[str, Any]:
    digest, content = bytes([number]) * 32, b"content"
    told = {"kind": "other", "media_type": "text/plain", "created_at": number}
    return told | {"digest": digest, "content": content}


def by_hand(store: SqliteStore, *statements: str) -> None:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def broken(store: SqliteStore, key: bytes = KEY) -> set[str]:
    with store.reading_kept() as reading:
        return {str(one) for one in broken_rows(reading, key)}


def count(store: SqliteStore) -> int | None:
    with store.reading_kept() as reading:
        return count_of_total(reading)


def test_keep_leaves_nothing_broken_when_rows_come_change_and_go(store: SqliteStore) -> None:
    with store.keeping() as connection:
        connection.execute(update(document_table).values(kind="readings"))
        connection.execute(delete(undecided_table).where(undecided_table.c.submission_seq == 1))
    assert (broken(store), count(store)) == (set(), 4)


def test_keep_leaves_nothing_broken_when_every_table_has_rows(store: SqliteStore) -> None:
    fill(store, random.Random(1))
    assert broken(store) == set()


def test_keep_leaves_nothing_broken_when_a_row_changes_often_in_one_transaction(
    store: SqliteStore,
) -> None:
    with store.keeping() as connection:
        connection.execute(update(document_table).values(seq=document_table.c.seq + 10))
        connection.execute(insert(document_table).values(seq=2, **document(9)))
        connection.execute(delete(document_table).where(document_table.c.seq == 11))
        connection.execute(update(document_table).values(created_at=7))
    assert (broken(store), count(store)) == (set(), 5)


def test_keep_leaves_nothing_broken_when_a_part_is_rolled_back(store: SqliteStore) -> None:
    with store.keeping() as connection:
        nested = connection.begin_nested()
        connection.execute(insert(document_table).values(**document(4)))
        connection.execute(delete(undecided_table))
        nested.rollback()
        connection.execute(insert(document_table).values(**document(5)))
    assert (broken(store), count(store)) == (set(), 6)


def test_keep_leaves_nothing_broken_when_the_block_fails(store: SqliteStore) -> None:
    with pytest.raises(ZeroDivisionError), store.keeping() as connection:
        connection.execute(delete(document_table))
        raise ZeroDivisionError
    with store.keeping() as connection:
        connection.execute(insert(document_table).values(**document(4)))
    assert (broken(store), count(store)) == (set(), 6)


def test_keep_is_refused_when_the_store_has_no_key(store: SqliteStore) -> None:
    with (
        closing(SqliteStore(store.path.parent)) as keyless,
        pytest.raises(AssertionError, match="service's keys"),
        keyless.keeping(),
    ):
        pass


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE document SET kind = 'readings' WHERE seq = 3", {"document 3 changed"}),
        ("UPDATE document SET kind = CAST(kind AS BLOB) WHERE seq = 3", {"document 3 changed"}),
        ("UPDATE document SET kind = CAST(x'ff00' AS TEXT)", EVERY_DOCUMENT),
        ("UPDATE document SET content = 'content' WHERE seq = 1", {"document 1 changed"}),
        ("UPDATE document SET created_at = 1.5 WHERE seq = 1", {"document 1 changed"}),
        ("UPDATE document SET seq = 9 WHERE seq = 3", {"document 3 missing", "document 9 added"}),
        ("DELETE FROM document WHERE seq = 3", {"document 3 missing"}),
        (
            "INSERT INTO document VALUES (4, x'04', 'other', 'text/plain', x'', 1)",
            {"document 4 added"},
        ),
        ("DELETE FROM undecided WHERE submission_seq = 2", {f"undecided 2 {'02' * 32} missing"}),
        ("DELETE FROM row_mac WHERE row_key = '3'", {"document 3 added"}),
        ("UPDATE row_mac SET mac = zeroblob(32) WHERE row_key = '3'", {"document 3 changed"}),
        ("UPDATE row_mac SET mac = 'text' WHERE row_key = '3'", {"document 3 changed"}),
        (
            "UPDATE row_mac SET row_key = CAST(x'ff' AS TEXT) WHERE row_key = '3'",
            {"document 3 added", "document \\udcff missing"},
        ),
        (
            "UPDATE row_mac SET table_name = 'documents' WHERE row_key = '3'",
            {"document 3 added", "documents 3 missing"},
        ),
        ("UPDATE row_mac_total SET count = 4", {"row_mac_total 1 changed"}),
        ("UPDATE row_mac_total SET sum = 'much'", {"row_mac_total 1 changed"}),
        ("DELETE FROM row_mac_total", {"row_mac_total 1 missing"}),
        ("CREATE TABLE notes AS SELECT 1 AS seq", {"notes  added"}),
        ("ALTER TABLE undecided RENAME TO decided", {
            f"{table} {n} {f'{n:02}' * 32} {kind}"
            for n in (1, 2) for table, kind in (("undecided", "missing"), ("decided", "added"))
        }),
        ("ALTER TABLE document RENAME COLUMN kind TO sort", EVERY_DOCUMENT),
    ],
)  # fmt: skip
def test_find_names_the_row_when_a_hand_changed_it(
    store: SqliteStore, statement: str, found: set[str]
) -> None:
    by_hand(store, statement)
    assert broken(store) == found


def test_count_gives_nothing_when_a_row_went_together_with_its_mac(store: SqliteStore) -> None:
    assert count(store) == 5
    by_hand(store, "DELETE FROM document WHERE seq = 3", "DELETE FROM row_mac WHERE row_key = '3'")
    assert (broken(store), count(store)) == (set(), None)


def test_count_gives_nothing_when_a_row_was_put_back_as_it_was(store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        for table in ("document", "row_mac"):
            connection.execute(f"CREATE TEMP TABLE old_{table} AS SELECT * FROM {table}")
        with store.keeping() as ours:
            ours.execute(update(document_table).values(kind="readings"))
        for table in ("document", "row_mac"):
            connection.execute(f"REPLACE INTO {table} SELECT * FROM old_{table}")
    assert (broken(store), count(store)) == (set(), None)


def test_find_names_every_row_when_the_key_is_another(store: SqliteStore) -> None:
    assert len(broken(store, OTHER_KEY)) == 6


def test_keep_hides_nothing_when_it_writes_a_row_that_a_hand_changed(store: SqliteStore) -> None:
    by_hand(store, "UPDATE document SET kind = 'readings' WHERE seq = 3")
    with store.keeping() as connection:
        connection.execute(update(document_table).values(created_at=9))
    assert broken(store) == {"document 3 changed"}


def test_keep_hides_nothing_when_it_removes_a_row_that_a_hand_changed(store: SqliteStore) -> None:
    by_hand(store, "UPDATE document SET kind = 'readings' WHERE seq = 3")
    with store.keeping() as connection:
        connection.execute(delete(document_table))
    assert broken(store) == {"document 3 missing"}


def test_keep_hides_nothing_when_its_new_row_takes_the_place_of_one_removed(
    store: SqliteStore,
) -> None:
    by_hand(store, "DELETE FROM document WHERE seq = 3")
    with store.keeping() as connection:
        connection.execute(insert(document_table).values(**document(4)))
    assert broken(store) == {"document 3 changed"}


def _remove_with_mac(store: SqliteStore) -> None:
    by_hand(store, "DELETE FROM document WHERE seq = 3", "DELETE FROM row_mac WHERE row_key = '3'")


def test_keep_hides_nothing_when_the_total_was_removed(store: SqliteStore) -> None:
    _remove_with_mac(store)
    by_hand(store, "DELETE FROM row_mac_total")
    with store.keeping() as connection:
        connection.execute(insert(document_table).values(seq=7, **document(7)))
    assert count(store) is None


def test_keep_hides_nothing_when_a_hand_made_the_total_come_out(store: SqliteStore) -> None:
    _remove_with_mac(store)
    with closing(sqlite3.connect(store.path)) as connection, connection:
        macs = [row[0] for row in connection.execute("SELECT mac FROM row_mac")]
        total = sum_of_macs(sum(int.from_bytes(mac, "big") for mac in macs))
        connection.execute("UPDATE row_mac_total SET count = ?, sum = ?", (len(macs), total))
    assert (broken(store), count(store)) == ({"row_mac_total 1 changed"}, 4)
    with store.keeping() as ours:
        ours.execute(insert(document_table).values(seq=7, **document(7)))
    assert broken(store) == {"row_mac_total 1 changed"}


def test_row_mac_differs_when_values_are_cut_elsewhere_or_of_another_type() -> None:
    rows: list[tuple[Any, ...]] = [
        (b"ab", b"c"), (b"a", b"bc"), ("ab", "c"), (b"abc",), (1, 2), (12,), ("12",), (12.0,),
        (None,), ("",), (b"",), (),
    ]  # fmt: skip
    assert len({row_mac(KEY, "document", row) for row in rows}) == len(rows)
    assert row_mac(KEY, "document", rows[0]) != row_mac(KEY, "finding", rows[0])
