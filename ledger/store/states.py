"""Mirror tables of values that change: one row per value and span of blocks.

A row holds from block `valid_from` until before `valid_to`; OPEN means: still. The value at
block b is the row with `valid_from <= b < valid_to`. Several changes in one block are one row.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Index,
    Table,
    and_,
    bindparam,
    insert,
    literal_column,
    select,
    true,
    update,
)

from ledger.store.metadata import MIRROR
from ledger.store.moment import shown_block
from ledger.store.prepared import Prepared
from ledger.store.rows import Row

OPEN = 2**62
# Written out, since SQLite uses a partial index only where it reads the index's own condition.
_OPEN_LITERAL: ColumnElement[int] = literal_column(str(OPEN))


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
    )


def is_now(table: FromClause) -> ColumnElement[bool]:
    """The rows that hold still."""
    return table.c.valid_to == _OPEN_LITERAL


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


def current(connection: Connection, table: Table, key: Mapping[str, Any]) -> Row | None:
    """The row of this key that holds now, or at the block that a reading shows."""
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


def put(
    connection: Connection,
    table: Table,
    *,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    block: int,
) -> None:
    """Let the key have these values from this block on; unnamed values stay as they were."""
    before = current(connection, table, key)
    if before is not None and before["valid_from"] == block:
        same = and_(_matches(table, key), table.c.valid_from == block)
        connection.execute(update(table).where(same).values(**values))
        return
    carried = {} if before is None else _values(table, before)
    if before is not None:
        still = and_(_matches(table, key), is_now(table))
        connection.execute(update(table).where(still).values(valid_to=block))
    span = {"valid_from": block, "valid_to": OPEN}
    connection.execute(insert(table).values(**key, **span, **(carried | dict(values))))


def _matches(table: Table, key: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in key.items()))


def _values(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {c.name: row[c.name] for c in table.c if not c.primary_key and c.name != "valid_to"}
