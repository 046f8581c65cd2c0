"""Kept table: what an owner lets another participant see beyond its role, by kind and year.

A grant is dated and listed, never deleted, and nothing of it is on chain (api.md, section 4).
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    and_,
    insert,
    or_,
    select,
    update,
)

from ledger.outbox.recorded import Page
from ledger.store.chain_log import was_kept
from ledger.store.columns import BYTES32, ROW_NUMBER
from ledger.store.metadata import KEPT
from ledger.store.rows import Row, every_row, first_row

Granted: TypeAlias = Literal["accounts", "documents"]
GRANTED: tuple[Granted, ...] = get_args(Granted)  # balances and movements; readings, documents

grant_table = Table(
    "disclosure_grant",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("owner", BYTES32, nullable=False),
    Column("grantee", BYTES32, nullable=False),
    Column("resource", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "owner", "seq"),
    Index(None, "grantee", "owner", "year"),
)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Who (32 bytes) shows whom (32 bytes) which of its resources of a year."""

    owner: bytes
    grantee: bytes
    resource: Granted
    year: int

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "owner": self.owner,
            "grantee": self.grantee,
            "resource": self.resource,
            "year": self.year,
        }


def grant(connection: Connection, disclosure: Disclosure, *, now: int) -> Row:
    """The grant in force, made now unless it was there."""
    if (row := first_row(connection, _in_force(disclosure))) is not None:
        return row
    connection.execute(insert(grant_table).values(created_at=now, **disclosure.columns))
    return {**disclosure.columns, "created_at": now, "ended_at": None}


def end_grant(connection: Connection, disclosure: Disclosure, *, now: int) -> None:
    """From now on it is not in force; ending what is not changes nothing."""
    same = _matches(disclosure)
    connection.execute(update(grant_table).where(same).values(ended_at=now))


def grants_page(reading: Connection, participant: bytes, page: Page) -> list[Row]:
    """A page of what a participant granted or was granted, ended ones too."""
    table = grant_table
    mine = or_(table.c.owner == participant, table.c.grantee == participant)
    query = select(table).where(mine, was_kept(reading, table))
    return every_row(reading, page.ordered(query, table.c.seq))


def is_granted(
    grantee: bytes, resource: Granted, *, owner: Any, year: int | None = None
) -> ColumnElement[bool]:
    """Whether the owner (a column or 32 bytes) shows this to the grantee, of one year or any."""
    table = grant_table
    granted = select(table.c.seq).where(
        table.c.grantee == grantee,
        table.c.owner == owner,
        table.c.resource == resource,
        table.c.ended_at.is_(None),
    )
    return granted.exists() if year is None else granted.where(table.c.year == year).exists()


def _in_force(disclosure: Disclosure) -> Any:
    return select(grant_table).where(_matches(disclosure))


def _matches(disclosure: Disclosure) -> ColumnElement[bool]:
    same = [grant_table.c[name] == value for name, value in disclosure.columns.items()]
    return and_(grant_table.c.ended_at.is_(None), *same)
