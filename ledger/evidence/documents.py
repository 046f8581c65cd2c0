"""Documents by the digest of their content: storing one again is harmless."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from ledger.errors import DocumentMismatch, ResourceUnknown
from ledger.evidence.model import document_owner_table, document_table
from ledger.store.rows import Row, first_row

KINDS = (
    "readings",
    "meter_record",
    "activity",
    "calculation",
    "laboratory_report",
    "invoice",
    "calibration",
    "audit",
    "other",
)
DOCUMENT_BYTES_MAX = 16 * 2**20


def digest_of(content: bytes, *, claimed: bytes | None) -> bytes:
    """The SHA-256 of a document; raises DocumentMismatch when it came with another."""
    computed = hashlib.sha256(content).digest()
    if claimed is not None and claimed != computed:
        raise DocumentMismatch(claimed, computed)
    return computed


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it comes: who brings it (32 bytes), its kind and its media type."""

    content: bytes
    owner: bytes
    kind: str
    media_type: str


def store_document(connection: Connection, document: Document, *, now: int) -> bytes:
    """Keep the document, once for all who bring it; its digest."""
    digest = hashlib.sha256(document.content).digest()
    if find_document(connection, digest) is None:
        row = {"digest": digest, "content": document.content, "created_at": now}
        kind = {"kind": document.kind, "media_type": document.media_type}
        connection.execute(insert(document_table).values(**row, **kind))
    if not is_owner(connection, digest, document.owner):
        owned = {"digest": digest, "owner": document.owner, "created_at": now}
        connection.execute(insert(document_owner_table).values(**owned))
    return digest


def is_owner(connection: Connection, digest: bytes, participant: bytes) -> bool:
    """Whether this participant brought the document."""
    table = document_owner_table
    mine = (table.c.digest == digest) & (table.c.owner == participant)
    return connection.execute(select(table.c.digest).where(mine)).first() is not None


def document_digests(connection: Connection, owner: bytes) -> list[bytes]:
    """The digests of what a participant brought beside readings and records, oldest first."""
    owned, document = document_owner_table, document_table
    query = (
        select(document.c.digest)
        .join(owned, owned.c.digest == document.c.digest)
        .where(owned.c.owner == owner, document.c.kind.not_in(["readings", "meter_record"]))
        .order_by(document.c.seq)
    )
    return list(connection.scalars(query))


def find_document(connection: Connection, digest: bytes) -> Row | None:
    """The document of this digest, if it is held here."""
    query = select(document_table).where(document_table.c.digest == digest)
    return first_row(connection, query)


def get_document(connection: Connection, digest: bytes) -> Row:
    """The document of this digest; raises ResourceUnknown."""
    row = find_document(connection, digest)
    if row is None:
        raise ResourceUnknown(f"documents/0x{digest.hex()}")
    return row
