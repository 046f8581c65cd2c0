"""Kept table: who read somebody's confidential data, when and why; nothing of it changes again.

Triggers refuse changing and deleting, and every entry holds the hash of the one before, so that
whoever changes the file all the same is found by whoever kept a later hash.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import rfc8785
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text, insert, select

from ledger.access.viewer import Viewer
from ledger.outbox.recorded import Page
from ledger.store.columns import BYTES32
from ledger.store.metadata import KEPT
from ledger.store.rows import Row, every_row, first_row

Action: TypeAlias = Literal["document", "readings", "report", "finding", "statement"]
Outcome: TypeAlias = Literal["shown", "refused"]
REASON_CHARACTERS_MAX = 200
FIRST_PREVIOUS = bytes(32)

audit_entry_table = Table(
    "audit_entry",
    KEPT,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("viewer", BYTES32),  # the participant that read; nobody known is null
    Column("person", BigInteger),
    Column("action", Text, nullable=False),
    Column("subject", BYTES32, nullable=False),
    Column("owner", BYTES32, nullable=False),
    Column("reason", Text),
    Column("outcome", Text, nullable=False),
    Column("previous", BYTES32, nullable=False),
    Column("hash", BYTES32, nullable=False),
    Index(None, "owner", "seq"),
    Index(None, "subject", "seq"),
)


@dataclass(frozen=True, slots=True)
class ConfidentialRead:
    """What was asked to be read: of whom (32 bytes), what (digest or id), why, how it ended."""

    action: Action
    subject: bytes
    owner: bytes
    reason: str | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class AuditState:
    """How many entries hold together, the last one's hash, and the first that does not."""

    entries: int
    head: bytes
    broken_seq: int | None


def write_entry(
    connection: Connection, viewer: Viewer, read: ConfidentialRead, *, now: int
) -> None:
    """Add an entry; the caller's write transaction keeps others from the same place."""
    table = audit_entry_table
    last = first_row(connection, select(table.c.hash).order_by(table.c.seq.desc()).limit(1))
    entry = {
        "at": now,
        "viewer": viewer.participant,
        "person": viewer.person,
        "action": read.action,
        "subject": read.subject,
        "owner": read.owner,
        "reason": read.reason,
        "outcome": read.outcome,
        "previous": FIRST_PREVIOUS if last is None else last["hash"],
    }
    connection.execute(insert(table).values(**entry, hash=_entry_hash(entry)))


def entries_of(reading: Connection, owner: bytes, page: Page) -> list[Row]:
    """Who read this owner's data, oldest first."""
    table = audit_entry_table
    mine = (table.c.owner == owner) & (table.c.seq > page.after)
    return every_row(reading, select(table).where(mine).order_by(table.c.seq).limit(page.limit))


def check_entries(reading: Connection) -> AuditState:
    """Whether every entry is as it was written and follows the one before."""
    table = audit_entry_table
    entries, head = 0, FIRST_PREVIOUS
    rows = reading.execution_options(yield_per=1_000).execute(select(table).order_by(table.c.seq))
    for row in rows.mappings():
        is_next = row["seq"] == entries + 1 and row["previous"] == head
        if not is_next or row["hash"] != _entry_hash(dict(row)):
            return AuditState(entries, head, row["seq"])
        entries, head = entries + 1, row["hash"]
    return AuditState(entries, head, None)


def _entry_hash(entry: dict[str, Any]) -> bytes:
    """SHA-256 of the entry's canonical JSON (RFC 8785), bytes as hex, the hash itself left out."""
    told = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in entry.items()
        if name not in ("seq", "hash")
    }
    return hashlib.sha256(rfc8785.dumps(told)).digest()
