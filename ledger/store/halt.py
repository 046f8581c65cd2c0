"""Kept table: why the engine has halted, for the processes that accept and cannot see it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Integer,
    Table,
    Text,
    delete,
    insert,
    select,
)

from ledger.errors import LedgerHalted
from ledger.store.metadata import KEPT
from ledger.store.rows import first_row

halt_table = Table(
    "halt",
    KEPT,
    Column("row", Integer, CheckConstraint('"row" = 1'), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("block", BigInteger, nullable=False),
)


def read_halt(connection: Connection) -> LedgerHalted | None:
    """The broken invariant that has stopped the engine, if it has stopped."""
    row = first_row(connection, select(halt_table.c.reason, halt_table.c.block))
    return None if row is None else LedgerHalted(row["reason"], row["block"])


def write_halt(connection: Connection, halt: LedgerHalted) -> None:
    """Let everybody know; of several the last stays."""
    clear_halt(connection)
    row = {"row": 1, "reason": halt.reason, "block": halt.block}
    connection.execute(insert(halt_table).values(**row))


def clear_halt(connection: Connection) -> None:
    """At the engine's start: whether the invariant is still broken it finds out anew."""
    connection.execute(delete(halt_table))
