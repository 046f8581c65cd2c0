"""Spans of blocks in which a value holds, and the row that holds now or held at a block.

A row holds from block `valid_from` until before `valid_to`; OPEN means: still. The value at
block b is the row with `valid_from <= b < valid_to`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    bindparam,
    literal_column,
    select,
)

from ledger.store.moment import shown_block
from ledger.store.prepared import Prepared
from ledger.store.rows import Row

OPEN = 2**62
# Written out, since SQLite uses a partial index only where it reads the index's own condition.
_OPEN_LITERAL: ColumnElement[int] = literal_column(str(OPEN))


def is_now(table: FromClause) -> ColumnElement[bool]:
    """The rows that hold still."""
    return table.c.valid_to == _OPEN_LITERAL


def current_row(connection: Connection, table: Table, key: Mapping[str, Any]) -> Row | None:
    """The stored row of this key that holds now, or at the block that a reading shows."""
    block = shown_block(connection)
    if block is None:
        return _current(table).first(connection, **key)
    return _at(table).first(connection, **key, shown_block=block)


@cache
def _at(table: Table) -> Prepared:
    names = [column.name for column in table.primary_key if column.name != "valid_from"]
    wanted = and_(*(table.c[name] == bindparam(name) for name in names))
    block: BindParameter[int] = bindparam("shown_block")
    spans = and_(table.c.valid_from <= block, table.c.valid_to > block)
    return Prepared(select(table).where(wanted, spans))


@cache
def _current(table: Table) -> Prepared:
    names = [column.name for column in table.primary_key if column.name != "valid_from"]
    wanted = and_(*(table.c[name] == bindparam(name) for name in names))
    return Prepared(select(table).where(wanted, is_now(table)))
