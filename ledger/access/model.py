"""Kept table: access tokens, by their public name; of the secret only its hash."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from ledger.store.columns import BYTES32
from ledger.store.metadata import KEPT

_SEQ = BigInteger().with_variant(Integer, "sqlite")

token_table = Table(
    "token",
    KEPT,
    Column("seq", _SEQ, primary_key=True),
    Column("lookup", Text, nullable=False, unique=True),
    Column("secret", BYTES32, nullable=False),  # SHA-256 of the secret
    Column("access", BYTES32, unique=True),  # the signed Access that opened it
    Column("participant", BYTES32),
    Column("person", BigInteger),
    Column("scopes", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index(None, "participant", "seq"),
)
