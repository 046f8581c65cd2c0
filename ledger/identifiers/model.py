"""Mirror tables derived from the events of Identifiers."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from ledger.store.columns import ADDRESS, BYTES32
from ledger.store.metadata import MIRROR
from ledger.store.states import state_table

subject_table = Table(
    "subject",
    MIRROR,
    Column("hash", BYTES32, primary_key=True),
    Column("parent", BYTES32, nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Integer, nullable=False),
    Column("is_prefix", Boolean, nullable=False),
    Column("seq", BigInteger, nullable=False, unique=True),
    Index(None, "parent", "seq"),
)
subject_state_table = state_table(
    "subject_state",
    key=(Column("subject", BYTES32),),
    values=(
        Column("owner", BYTES32, nullable=False),
        Column("standing", Integer, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("record", BYTES32, nullable=False),
        Column("record_revision", Integer, nullable=False),
    ),
)
Index("ix_subject_state_owner", subject_state_table.c.owner, subject_state_table.c.subject)
key_state_table = state_table(
    "key_state",
    key=(Column("participant", BYTES32), Column("key", ADDRESS)),
    values=(
        Column("person", BigInteger, nullable=False),
        Column("rights", Integer, nullable=False),
        Column("scheme", Integer, nullable=False),
        Column("valid_from_time", BigInteger, nullable=False),
        Column("valid_until_time", BigInteger, nullable=False),
        Column("compromised_since", BigInteger, nullable=False),
    ),
)
accreditation_state_table = state_table(
    "accreditation_state",
    key=(Column("verifier", BYTES32),),
    values=(
        Column("valid_from_time", BigInteger, nullable=False),
        Column("valid_until_time", BigInteger, nullable=False),
        Column("sectors", BigInteger, nullable=False),
        Column("revision", Integer, nullable=False),
    ),
)
relation_state_table = state_table(
    "relation_state",
    key=(Column("verifier", BYTES32), Column("enterprise", BYTES32)),
    values=(
        Column("first_year", Integer, nullable=False),
        Column("last_year", Integer, nullable=False),
        Column("sectors", BigInteger, nullable=False),
        Column("ties", Integer, nullable=False),
        Column("revision", Integer, nullable=False),
    ),
)
