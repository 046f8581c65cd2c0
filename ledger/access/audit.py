"""Kept table: who read whose confidential data, when and why. It only grows.

Each entry holds the hash of the one before, so that one taken out or changed is seen.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Table, Text, insert, select

from ledger.access.viewer import Viewer
from ledger.outbox.recorded import Page
from ledger.store.columns import BYTES32, ROW_NUMBER
from ledger.store.metadata import KEPT
from ledger.store.rows import Row, every_row

audit_table = Table(
    "audit_entry",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("viewer", BYTES32, nullable=False),
    Column("person", BigInteger),
    Column("owner", BYTES32, nullable=False),
    Column("subject", BYTES32, nullable=False),  # what was read: a digest or an act id
    Column("view", Text, nullable=False),
    Column("reason", Text),
    Column("previous", BYTES32, nullable=False),
    Column("hash", BYTES32, nullable=False),
    Index(None, "owner", "seq"),
)
ACCESS_COLUMNS = ("at", "viewer", "person", "subject", "view", "reason", "hash")
_HASHED = ("at", "viewer", "person", "owner", "subject", "view", "reason", "previous")


@dataclass(frozen=True, slots=True)
class Access:
    """One reading of somebody's confidential data: whose, what (32 bytes each), in which view."""

    owner: bytes
    subject: bytes
    view: str
    reason: str | None


def record_access(connection: Connection, viewer: Viewer, access: Access, *, now: int) -> None:
    """Write the access down; it is told before what was read is."""
    newest = select(audit_table.c.hash).order_by(audit_table.c.seq.desc()).limit(1)
    row: dict[str, Any] = {
        "at": now,
        "viewer": viewer.participant,
        "person": viewer.person,
        "owner": access.owner,
        "subject": access.subject,
        "view": access.view,
        "reason": access.reason,
        "previous": connection.scalar(newest) or bytes(32),
    }
    connection.execute(insert(audit_table).values(**row, hash=_hash_of(row)))


def accesses_of(reading: Connection, owner: bytes, page: Page) -> list[Row]:
    """A page of who read an owner's data."""
    query = select(audit_table).where(audit_table.c.owner == owner)
    return every_row(reading, page.ordered(query, audit_table.c.seq))


def first_broken_entry(reading: Connection) -> int | None:
    """The number of the first entry that does not follow from the one before; None: all do."""
    previous = bytes(32)
    for row in every_row(reading, select(audit_table).order_by(audit_table.c.seq)):
        if row["previous"] != previous or row["hash"] != _hash_of(row):
            return int(row["seq"])
        previous = row["hash"]
    return None


def _hash_of(row: Row) -> bytes:
    """Each value with its length before it, so that no two rows read alike."""
    hashed = sha256()
    for name in _HASHED:
        value = row[name]
        text = value if isinstance(value, bytes) else repr(value).encode()
        hashed.update(len(text).to_bytes(4, "big") + text)
    return hashed.digest()
