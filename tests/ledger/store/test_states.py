"""State tables: one row per value and span of blocks, one open row per key."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Column, Connection, insert, select
from sqlalchemy.exc import IntegrityError

from ledger.quotas.model import holding_table
from ledger.store.draft import Draft
from ledger.store.sqlite import open_mirror
from ledger.store.states import OPEN, current, is_now, state_table

ACCOUNT, OTHER, ASSET = b"\x01" * 32, b"\x02" * 32, 7
KEY = {"account": ACCOUNT, "asset": ASSET}


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Connection]:
    engine = open_mirror(tmp_path / "mirror.db")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def hold(mirror: Connection, block: int, *changes: dict[str, int], **values: int) -> None:
    """Let the key have these values, written at once; several changes are of one block."""
    draft = Draft(mirror, {})
    for change in (*changes, values):
        named = {f"{name}_tonnes": tonnes for name, tonnes in change.items()}
        draft.put(holding_table, key=KEY, values=named, block=block)
    draft.write()


def spans(mirror: Connection) -> list[tuple[int, int, int, int]]:
    """From, to, available, spent of each row of the key."""
    table = holding_table
    columns = (table.c.valid_from, table.c.valid_to, table.c.available_tonnes, table.c.spent_tonnes)
    query = select(*columns).where(table.c.account == ACCOUNT).order_by(table.c.valid_from)
    return [tuple(row) for row in mirror.execute(query)]


def test_put_opens_a_row_when_the_key_is_new(mirror: Connection) -> None:
    hold(mirror, 5, available=10)
    assert spans(mirror) == [(5, OPEN, 10, 0)]


def test_put_closes_the_row_before_when_a_later_block_changes_it(mirror: Connection) -> None:
    hold(mirror, 5, available=10)
    hold(mirror, 9, available=4)
    assert spans(mirror) == [(5, 9, 10, 0), (9, OPEN, 4, 0)]


def test_put_makes_one_row_when_one_block_changes_it_often(mirror: Connection) -> None:
    hold(mirror, 5, available=10)
    hold(mirror, 9, {"available": 4}, {"spent": 6}, available=3)
    assert spans(mirror) == [(5, 9, 10, 0), (9, OPEN, 3, 6)]


def test_put_writes_each_span_when_one_draft_has_many_blocks(mirror: Connection) -> None:
    hold(mirror, 2, available=7)
    draft = Draft(mirror, {})
    for block, available in ((5, 10), (6, 11), (9, 4)):
        values = {"available_tonnes": available}
        draft.put(holding_table, key=KEY, values=values, block=block)
    draft.write()
    spent = [(2, 5, 7, 0), (5, 6, 10, 0), (6, 9, 11, 0), (9, OPEN, 4, 0)]
    assert spans(mirror) == spent


def test_put_keeps_values_when_a_change_does_not_name_them(mirror: Connection) -> None:
    hold(mirror, 5, available=10, spent=2)
    hold(mirror, 9, available=4)
    assert spans(mirror)[-1] == (9, OPEN, 4, 2)


def test_put_writes_a_row_when_the_value_becomes_zero(mirror: Connection) -> None:
    hold(mirror, 5, available=10)
    hold(mirror, 9, available=0)
    assert spans(mirror)[-1] == (9, OPEN, 0, 0)


def test_put_leaves_other_keys_alone_when_one_changes(mirror: Connection) -> None:
    other = {"account": OTHER, "asset": ASSET}
    draft = Draft(mirror, {})
    draft.put(holding_table, key=other, values={"available_tonnes": 1}, block=3)
    draft.write()
    hold(mirror, 5, available=10)
    hold(mirror, 9, available=4)
    row = current(mirror, holding_table, other)
    assert row is not None
    assert (row["valid_from"], row["valid_to"], row["available_tonnes"]) == (3, OPEN, 1)


def test_read_current_gives_none_when_the_key_is_unknown(mirror: Connection) -> None:
    assert current(mirror, holding_table, KEY) is None


def test_read_as_of_gives_one_row_when_any_block_is_asked(mirror: Connection) -> None:
    for block, available in ((2, 10), (5, 20), (9, 30)):
        hold(mirror, block, available=available)
    table = holding_table
    held = {
        block: mirror.scalar(
            select(table.c.available_tonnes).where(
                table.c.valid_from <= block, block < table.c.valid_to
            )
        )
        for block in (1, 2, 4, 5, 8, 9, 100)
    }
    assert held == {1: None, 2: 10, 4: 10, 5: 20, 8: 20, 9: 30, 100: 30}


def test_insert_is_refused_when_a_key_would_have_two_open_rows(mirror: Connection) -> None:
    hold(mirror, 5, available=10)
    second = {**KEY, "valid_from": 6, "valid_to": OPEN}
    with pytest.raises(IntegrityError):
        mirror.execute(insert(holding_table).values(**second))


def test_insert_is_taken_when_a_key_has_many_closed_rows(mirror: Connection) -> None:
    for block in (1, 2, 3):
        closed = {**KEY, "valid_from": block, "valid_to": block + 1}
        mirror.execute(insert(holding_table).values(**closed))
    assert len(spans(mirror)) == 3


def test_make_state_table_keeps_one_open_row_on_both_databases_when_it_is_made() -> None:
    table = state_table("tried_state", key=(Column("thing", BigInteger),), values=())
    try:
        (now,) = (index for index in table.indexes if index.unique)
        assert str(is_now(table)).startswith("mirror.tried_state.valid_to =")
        for dialect in ("sqlite", "postgresql"):
            assert str(now.dialect_options[dialect]["where"]).startswith("valid_to =")
    finally:
        table.metadata.remove(table)
