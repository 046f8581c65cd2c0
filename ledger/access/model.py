"""Kept tables: tokens, sessions, invitations, custody keys; of a secret only its hash or sealed."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from ledger.store.columns import ADDRESS, BYTES32, ROW_NUMBER
from ledger.store.metadata import KEPT

token_table = Table(
    "token",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("lookup", Text, nullable=False, unique=True),
    Column("secret", BYTES32, nullable=False),  # SHA-256 of the secret
    Column("access", BYTES32, unique=True),  # the signed Access that opened it
    Column("participant", BYTES32),
    Column("person", BigInteger),
    Column("scopes", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("last_used_day", Integer),  # since 1970-01-01, UTC
    Index(None, "participant", "seq"),
)

session_table = Table(
    "session",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("id", BYTES32, nullable=False, unique=True),  # SHA-256 of what the cookie holds
    Column("access", BYTES32, nullable=False, unique=True),  # the signed Access that opened it
    Column("participant", BYTES32, nullable=False),
    Column("person", BigInteger, nullable=False),
    Column("scopes", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)

custody_key_table = Table(
    "custody_key",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("address", ADDRESS, nullable=False, unique=True),
    Column("participant", BYTES32, nullable=False),
    Column("person", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the private key, under the sealing key
    Column("created_at", BigInteger, nullable=False),
    Index(None, "participant", "person", "seq"),
)

invitation_table = Table(
    "invitation",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("secret", BYTES32, nullable=False, unique=True),  # SHA-256 of the secret
    Column("participant", BYTES32, nullable=False),
    Column("person", BigInteger, nullable=False),
    Column("inviter", BYTES32, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)
