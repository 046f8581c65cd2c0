"""Documents by the digest of their content: storing one again is harmless."""

import hashlib

from sqlalchemy import Connection, insert, select

from ledger.errors import DocumentMismatch, ResourceUnknown
from ledger.evidence.model import document_table
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


def store_document(
    connection: Connection, content: bytes, *, kind: str, media_type: str, now: int
) -> bytes:
    """Keep the document; its digest."""
    digest = hashlib.sha256(content).digest()
    if find_document(connection, digest) is None:
        row = {"digest": digest, "kind": kind, "media_type": media_type, "created_at": now}
        connection.execute(insert(document_table).values(content=content, **row))
    return digest


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
