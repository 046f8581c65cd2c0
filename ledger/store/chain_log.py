"""Mirror tables of the chain itself: how far we read, its blocks, our events and acts."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    bindparam,
    func,
    select,
    true,
)

from ledger.store.columns import ADDRESS, BYTES32
from ledger.store.metadata import MIRROR
from ledger.store.moment import shown_block
from ledger.store.prepared import Prepared
from ledger.store.rows import Row

# The act of each message: the event that the contract emits for it.
EVENT_OF = {
    "Registration": "Registered",
    "RecordChange": "RecordChanged",
    "KeyAddition": "KeyAdded",
    "KeyEnding": "KeyEnded",
    "StandingChange": "StandingChanged",
    "Accreditation": "Accredited",
    "Assignment": "VerifierAssigned",
    "Tie": "TieDeclared",
    "Evidence": "EvidenceAnchored",
    "Report": "EmissionReported",
    "Statement": "StatementMade",
    "Confirmation": "FigureConfirmed",
    "Reopening": "FigureReopened",
    "Cap": "CapSet",
    "Rule": "RuleSet",
    "Allocation": "QuotaAllocated",
    "Transfer": "QuotaMoved",
    "Surrender": "QuotaSurrendered",
    "Cancellation": "QuotaCancelled",
}
MESSAGE_OF = {event: message for message, event in EVENT_OF.items()}

cursor_table = Table(
    "cursor",
    MIRROR,
    Column("row", Integer, CheckConstraint("row = 1"), primary_key=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("genesis", BYTES32, nullable=False),
    Column("head_block", BigInteger, nullable=False),
    Column("head_hash", BYTES32, nullable=False),
    Column("head_time", BigInteger, nullable=False),
    Column("final_block", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
)
contract_table = Table(
    "contract",
    MIRROR,
    Column("address", ADDRESS, primary_key=True),
    Column("name", Text, nullable=False),
    Column("code_hash", BYTES32, nullable=False),
)
block_table = Table(
    "block",
    MIRROR,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", BYTES32, nullable=False),
    Column("parent", BYTES32, nullable=False),
    Column("time", BigInteger, nullable=False, index=True),
    Column("receipts_root", BYTES32, nullable=False),
)
event_table = Table(
    "event",
    MIRROR,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("block", BigInteger, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("transaction_index", Integer, nullable=False),
    Column("transaction_hash", BYTES32, nullable=False),
    Column("address", ADDRESS, nullable=False),
    Column("name", Text, nullable=False),
    Column("topics", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index(None, "block", "log_index", unique=True),
)
act_table = Table(
    "act",
    MIRROR,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", BYTES32, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("actor", BYTES32, nullable=False),
    Column("key", ADDRESS, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("block", BigInteger, nullable=False),
    Index(None, "actor", "seq"),
)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far the mirror has read: block numbers, the head's hash, its time in unix seconds."""

    head_block: int
    head_hash: bytes
    head_time: int
    final_block: int


_CURSOR = Prepared(select(*(cursor_table.c[name] for name in Freshness.__dataclass_fields__)))
_BLOCK = Prepared(select(block_table).where(block_table.c.number == bindparam("number")))
_ACT = Prepared(select(act_table).where(act_table.c.id == bindparam("id")))


def freshness(connection: Connection) -> Freshness:
    """The state of the chain that this snapshot of the mirror shows, at the block asked for."""
    row = _CURSOR.first(connection)
    assert row is not None, "a mirror that is read was begun"
    if (number := shown_block(connection)) is not None:
        block = _BLOCK.first(connection, number=number)
        assert block is not None, "only a block that was read is shown"
        row = row | {"head_block": number, "head_hash": block["hash"], "head_time": block["time"]}
    return Freshness(**row)


def read_head(connection: Connection) -> tuple[int, bytes] | None:
    """Number and hash of the last block read; None in a mirror that is not begun."""
    query = select(cursor_table.c.head_block, cursor_table.c.head_hash)
    row = connection.execute(query).first()
    return None if row is None else (row[0], row[1])


def block_exists(connection: Connection, number: int) -> bool:
    """Whether the mirror knows that block; it begins with the one after the genesis."""
    return _BLOCK.first(connection, number=number) is not None


def newest_block(connection: Connection, *, until: int) -> int | None:
    """The number of the last block not later than that time in unix seconds."""
    query = select(func.max(block_table.c.number)).where(block_table.c.time <= until)
    number: int | None = connection.scalar(query)
    return number


def was_kept(reading: Connection, table: Table) -> ColumnElement[bool]:
    """The rows of a kept table that were there at the time of the block that is shown."""
    if shown_block(reading) is None:
        return true()
    return table.c.created_at <= freshness(reading).head_time


def act_by_id(connection: Connection, act_id: bytes) -> Row | None:
    """The recorded act of this id: seq, type, actor, key, deadline, block."""
    return _ACT.first(connection, id=act_id)


def block_by_hash(connection: Connection, block_hash: bytes) -> int | None:
    """The number of the block with this hash, if the chain has it."""
    query = select(block_table.c.number).where(block_table.c.hash == block_hash)
    return connection.scalar(query)
