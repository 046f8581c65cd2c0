"""Kept tables: submissions, what is undecided, the courier's transactions, idempotency keys."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from ledger.store.columns import ADDRESS, BYTES32, ROW_NUMBER, SIGNATURE
from ledger.store.metadata import KEPT

submission_table = Table(
    "submission",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("id", BYTES32, nullable=False, unique=True),
    Column("attempt", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("actor", BYTES32, nullable=False),
    Column("carrier", BYTES32),  # the participant whose token brought it
    Column("batch", BYTES32),  # the first act of those carried whole or not at all
    Column("key", ADDRESS, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # the message, ABI-encoded
    Column("shown", LargeBinary),  # the earlier message that the verb wants to see, ABI-encoded
    Column("signature", SIGNATURE, nullable=False),
    Column("possession", SIGNATURE),
    Column("accepted_at", BigInteger, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # accepted, sent, refused, done
    Column("refusal", LargeBinary),  # the contract's encoded error
    Column("acknowledgement", LargeBinary, nullable=False),  # the answer as it was given
    Column("transaction_seq", BigInteger),
)
# Written out: a database knows it again as the condition of the indexes of the few undecided.
IS_UNDECIDED = text("state IN ('accepted', 'sent')")
Index(
    "ix_submission_undecided",
    submission_table.c.state,
    submission_table.c.seq,
    sqlite_where=IS_UNDECIDED,
    postgresql_where=IS_UNDECIDED,
)
Index(
    "ix_submission_actor_undecided",
    submission_table.c.actor,
    submission_table.c.state,
    submission_table.c.seq,
    sqlite_where=IS_UNDECIDED,
    postgresql_where=IS_UNDECIDED,
)
Index("ix_submission_actor", submission_table.c.actor, submission_table.c.seq)
Index("ix_submission_carrier", submission_table.c.carrier, submission_table.c.seq)
Index(
    "ix_submission_transaction",
    submission_table.c.transaction_seq,
    submission_table.c.seq,
    sqlite_where=submission_table.c.transaction_seq.is_not(None),
    postgresql_where=submission_table.c.transaction_seq.is_not(None),
)

undecided_table = Table(
    "undecided",
    KEPT,
    Column("subject", BYTES32, primary_key=True),
    Column("submission_seq", BigInteger, primary_key=True, autoincrement=False, index=True),
    sqlite_with_rowid=False,
)

courier_table = Table(
    "courier",
    KEPT,
    Column("address", ADDRESS, primary_key=True),
    Column("next_nonce", BigInteger, nullable=False),
)

courier_transaction_table = Table(
    "courier_transaction",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("courier", ADDRESS, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("hash", BYTES32, nullable=False, index=True),
    Column("raw", LargeBinary, nullable=False),
    Column("done_block", BigInteger),
    Index(None, "courier", "nonce", unique=True),
)
Index(
    "ix_courier_transaction_open",
    courier_transaction_table.c.seq,
    sqlite_where=courier_transaction_table.c.done_block.is_(None),
    postgresql_where=courier_transaction_table.c.done_block.is_(None),
)

idempotency_table = Table(
    "idempotency",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("caller", BYTES32, nullable=False),  # the token that called
    Column("key", Text, nullable=False),
    Column("request", BYTES32, nullable=False),  # SHA-256 of noun and body
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
    Index(None, "caller", "key", unique=True),
)
