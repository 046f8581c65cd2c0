"""Mirror tables of values that change: one row per value and span of blocks.

A row holds from block `valid_from` until before `valid_to`; OPEN means: still. The value at
block b is the row with `valid_from <= b < valid_to`. Several changes in one block are one row.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Index,
    Table,
    and_,
    true,
)

from ledger.store.draft import Draft
from ledger.store.metadata import MIRROR
from ledger.store.moment import shown_block
from ledger.store.rows import Row
from ledger.store.span import OPEN, current_row, is_now

__all__ = ["OPEN", "current", "holds", "is_now", "is_recorded", "state_table"]


def state_table(
    name: str, *, key: tuple[Column[Any], ...], values: tuple[Column[Any], ...]
) -> Table:
    """A state table with this key and these values."""
    for column in key:
        column.primary_key = True
    now = Index(f"ix_{name}_now", *(column.name for column in key), unique=True)
    now.dialect_options["sqlite"]["where"] = Column("valid_to") == OPEN
    now.dialect_options["postgresql"]["where"] = Column("valid_to") == OPEN
    return Table(
        name,
        MIRROR,
        *key,
        Column("valid_from", BigInteger, primary_key=True, autoincrement=False),
        Column("valid_to", BigInteger, nullable=False),
        *values,
        now,
        sqlite_with_rowid=False,  # the key is where the row lies, not an index beside it
    )


def holds(reading: Connection, table: FromClause) -> ColumnElement[bool]:
    """The rows that hold at the block that this reading shows."""
    block = shown_block(reading)
    if block is None:
        return is_now(table)
    return and_(table.c.valid_from <= block, block < table.c.valid_to)


def is_recorded(reading: Connection, fact: FromClause) -> ColumnElement[bool]:
    """The rows of a table of facts that were there at the block that this reading shows."""
    block = shown_block(reading)
    return true() if block is None else fact.c.block <= block


def current(source: Connection | Draft, table: Table, key: Mapping[str, Any]) -> Row | None:
    """The row of this key that holds now, or at the block that a reading shows."""
    if isinstance(source, Draft):
        return source.current(table, key)
    return current_row(source, table, key)
