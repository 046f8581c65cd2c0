"""Every table and column of the mirror: what is changed by hand is named, and rebuild heals it.

The tests walk the schema, so that a new table or column is covered without touching them. All
tables are spoiled at once and what is named must be exactly that: each spoiled row is still told
apart, and the whole schema takes seconds.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select, update

from ledger.chain.bindings import EVENTS
from ledger.emissions.model import head_table
from ledger.identifiers.model import subject_state_table
from ledger.migrations.kept import KEPT
from ledger.mirror.rebuild import rebuild
from ledger.mirror.reconcile import reconcile
from ledger.mirror.storage import storage_differences
from ledger.quotas.model import holding_table, supply_table
from ledger.store.metadata import MIRROR
from ledger.store.sqlite import open_mirror
from ledger.store.states import OPEN, is_now
from tests.ledger.played import Opened, fold_log

TABLES = MIRROR.sorted_tables
STATES = [table for table in TABLES if "valid_to" in table.c]
# What no view of the contracts returns; the rebuild alone vouches for it.
NOT_IN_STORAGE = {
    subject_state_table: {"record", "record_revision"},
    head_table: {"report", "statement", "confirmation"},
    supply_table: {"surrendered_tonnes", "cancelled_tonnes"},
    holding_table: {"received_tonnes", "sent_tonnes"},
}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Named:
    """A difference as `reconcile` must name it."""

    table: str
    key: tuple[tuple[str, Any], ...]
    kind: str
    columns: tuple[str, ...] = ()


def named(table: Table, row: Row, kind: str, *columns: str) -> Named:
    key = tuple((column.name, row[column.name]) for column in table.primary_key)
    return Named(table.name, key, kind, columns)


def found(ledger: Opened) -> set[Named]:
    return {
        Named(one.table, tuple(one.key.items()), one.kind, one.columns)
        for one in reconcile(ledger.store, ledger.reader, ledger.manifest).differences
    }


def other(value: Any) -> Any:
    """A value of the same sort that no row has."""
    match value:
        case None:
            return b"\x01" * 32
        case int():
            return value + 1_000_003
        case str():
            return value + "x"
    return value[:-1] + bytes([value[-1] ^ 0xFF])


@pytest.fixture
def spoil(copy: Opened) -> Iterator[Callable[..., Any]]:
    """Runs SQL on the served mirror file as anybody with the file could."""
    connection = sqlite3.connect(copy.mirror, isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    yield connection.execute
    connection.close()


def any_row(ledger: Opened, table: Table) -> Row:
    """The last row by key, as stored."""
    order = ", ".join(f'"{column.name}" DESC' for column in table.primary_key)
    with closing(sqlite3.connect(ledger.mirror)) as connection:
        connection.row_factory = sqlite3.Row
        query = f'SELECT * FROM "{table.name}" ORDER BY {order} LIMIT 1'
        return dict(connection.execute(query).fetchone())


def edit(spoil: Callable[..., Any], table: Table, row: Row, change: Row) -> None:
    """Change columns of the row with this key."""
    keys = [column.name for column in table.primary_key]
    changed = ", ".join(f'"{name}" = ?' for name in change)
    same = " AND ".join(f'"{name}" = ?' for name in keys)
    query = f'UPDATE "{table.name}" SET {changed} WHERE {same}'
    spoil(query, (*change.values(), *(row[name] for name in keys)))


def test_play_year_fills_every_table_when_all_acts_are_played(copy: Opened) -> None:
    with copy.store.reading() as reading:
        empty = {table.name for table in TABLES if reading.execute(select(table)).first() is None}
    assert empty == set()
    assert len(TABLES) > len(EVENTS)


def test_reconcile_finds_nothing_when_the_mirror_is_untouched(copy: Opened) -> None:
    told = reconcile(copy.store, copy.reader, copy.manifest)
    assert told.differences == ()
    assert (told.block, told.tables) == (copy.reader.head_number(), len(TABLES))
    assert told.rows > 200


@pytest.mark.slow  # every column of every table
@pytest.mark.parametrize("position", range(max(len(table.c) for table in TABLES)))
def test_reconcile_names_row_and_column_when_one_column_of_each_table_is_edited(
    copy: Opened, spoil: Callable[..., Any], position: int
) -> None:
    expected: set[Named] = set()
    for table in (table for table in TABLES if position < len(table.c)):
        column, row = list(table.c)[position], any_row(copy, table)
        change = {column.name: other(row[column.name])}
        edit(spoil, table, row, change)
        if column.primary_key:
            expected |= {named(table, row, "missing"), named(table, row | change, "added")}
        else:
            expected.add(named(table, row, "changed", column.name))
    assert found(copy) == expected


def test_reconcile_names_the_row_when_one_row_of_each_table_is_deleted(
    copy: Opened, spoil: Callable[..., Any]
) -> None:
    rows = {table: any_row(copy, table) for table in TABLES}
    for table, row in rows.items():
        keys = [column.name for column in table.primary_key]
        same = " AND ".join(f'"{name}" = ?' for name in keys)
        spoil(f'DELETE FROM "{table.name}" WHERE {same}', [row[name] for name in keys])
    assert found(copy) == {named(table, row, "missing") for table, row in rows.items()}


def test_reconcile_names_the_row_when_one_row_is_inserted_into_each_table(
    copy: Opened, spoil: Callable[..., Any]
) -> None:
    expected: set[Named] = set()
    for table in TABLES:
        row = {name: other(value) for name, value in any_row(copy, table).items()}
        marks = ", ".join("?" * len(row))
        spoil(f'INSERT INTO "{table.name}" VALUES ({marks})', list(row.values()))
        expected.add(named(table, row, "added"))
    assert found(copy) == expected


@pytest.mark.parametrize("kind", [str, float, lambda _: None], ids=["text", "float", "null"])
def test_reconcile_names_the_row_when_a_value_has_another_type(
    copy: Opened, spoil: Callable[..., Any], kind: Callable[[int], object]
) -> None:
    row = any_row(copy, holding_table)
    # No affinity: SQLite would turn what it can into the column's own type.
    spoil('CREATE TABLE loose AS SELECT * FROM "holding"')
    spoil('DROP TABLE "holding"')
    columns = ", ".join(f'"{column.name}"' for column in holding_table.c)
    spoil(f'CREATE TABLE "holding" ({columns})')
    spoil('INSERT INTO "holding" SELECT * FROM loose')
    edit(spoil, holding_table, row, {"spent_tonnes": kind(row["spent_tonnes"])})
    assert found(copy) == {named(holding_table, row, "changed", "spent_tonnes")}


@pytest.mark.parametrize("value", [-1, 3, 10**9, "far", 2.5], ids=str)
def test_reconcile_names_the_cursor_when_it_says_another_head(
    copy: Opened, spoil: Callable[..., Any], value: object
) -> None:
    spoil("UPDATE cursor SET head_block = ?", (value,))
    assert "cursor" in {one.table for one in found(copy)}


def test_rebuild_leaves_nothing_to_reconcile_when_rows_were_changed(
    copy: Opened, spoil: Callable[..., Any]
) -> None:
    spoil("UPDATE emission_reported SET indirect_grams = 1")
    spoil("DELETE FROM subject")
    assert len(found(copy)) > 1
    generation, block = rebuild(copy.store, copy.reader, copy.manifest)
    assert (generation, block) == (2, copy.reader.head_number())
    assert found(copy) == set()


def test_rebuild_changes_no_kept_byte_when_it_swaps_the_mirror(copy: Opened) -> None:
    before = kept_rows(copy.store.path)
    rebuild(copy.store, copy.reader, copy.manifest)
    fold_log(copy.store.path)
    after = kept_rows(copy.store.path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"manifest", "row_mac", "row_mac_total"}
    (before_manifest,), (after_manifest,) = before["manifest"], after["manifest"]
    assert before_manifest[:-1] == after_manifest[:-1]
    assert list(KEPT.tables["manifest"].c)[-1].name == "mirror_generation"
    assert before["submission"]


def kept_rows(path: Path) -> dict[str, list[Any]]:
    """Every row of every kept table and of the chain's, as stored."""
    with closing(sqlite3.connect(path)) as connection:
        names = [*KEPT.tables, "chain_entry"]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def test_compare_storage_finds_nothing_when_projections_are_right(copy: Opened) -> None:
    engine = open_mirror(copy.mirror)
    with engine.connect() as truth:
        head = copy.reader.head_number()
        assert storage_differences(truth, copy.reader, copy.manifest, block=head) == []
    engine.dispose()


def test_compare_storage_names_row_and_columns_when_a_projection_is_wrong(copy: Opened) -> None:
    engine, expected = open_mirror(copy.mirror), set()
    with engine.connect() as truth:
        for table in STATES:
            row = dict(truth.execute(select(table).where(is_now(table))).mappings().first() or {})
            wrong = wrong_values(table, row)
            key = (column == row[column.name] for column in table.primary_key)
            truth.execute(update(table).where(*key).values(**wrong))
            checked = sorted(wrong.keys() - NOT_IN_STORAGE.get(table, set()))
            expected.add(named(table, row, "changed", *checked))
        told = storage_differences(
            truth, copy.reader, copy.manifest, block=copy.reader.head_number()
        )
        truth.rollback()
    engine.dispose()
    assert {
        Named(one.table, tuple(one.key.items()), one.kind, tuple(sorted(one.columns)))
        for one in told
    } == expected


def wrong_values(table: Table, row: Row) -> Row:
    """Another value in every column that is neither key nor span."""
    values = {c.name: row[c.name] for c in table.c if not c.primary_key and c.name != "valid_to"}
    assert row["valid_to"] == OPEN
    return {
        name: not value if isinstance(value, bool) else other(value)
        for name, value in values.items()
    }
