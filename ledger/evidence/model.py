"""Kept tables: documents by digest, and the months of readings whose roots were computed here."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from ledger.store.columns import BYTES32, ROW_NUMBER
from ledger.store.metadata import KEPT

document_table = Table(
    "document",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("digest", BYTES32, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

# The same content may be several participants': each of them has it anyhow.
document_owner_table = Table(
    "document_owner",
    KEPT,
    Column("digest", BYTES32, primary_key=True),
    Column("owner", BYTES32, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "owner", "digest"),
)

reading_month_table = Table(
    "reading_month",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("meter", BYTES32, nullable=False),
    Column("facility", BYTES32, nullable=False),
    Column("period", Integer, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("quantity", Text, nullable=False),  # decimal string, the exact sum in the unit
    Column("leaves", Integer, nullable=False),
    Column("step_seconds", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("document", BYTES32, nullable=False),
    Column("root", BYTES32, nullable=False),
    Column("day_roots", LargeBinary, nullable=False),
    Column("salt_seed", LargeBinary, nullable=False),  # sealed for the meter
    Column("created_at", BigInteger, nullable=False),
    Index(None, "meter", "period", "seq"),
    Index(None, "facility", "period", "seq"),
    Index(None, "document", "seq"),
)
