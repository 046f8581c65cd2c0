"""Mirror tables of the chain itself: how far we read, its blocks, our events and acts."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    FromClause,
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

from ledger.errors import AsOfUnknown
from ledger.store.columns import ADDRESS, BYTES32, ROW_NUMBER
from ledger.store.metadata import MIRROR
from ledger.store.moment import Moment, present_time, show, shown_block, shown_time
from ledger.store.prepared import Lookup, Prepared
from ledger.store.rows import Row, first_row

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
    Column("row", Integer, CheckConstraint('"row" = 1'), primary_key=True),
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
    Column("number", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("hash", BYTES32, nullable=False),
    Column("parent", BYTES32, nullable=False),
    Column("time", BigInteger, nullable=False, index=True),
    Column("receipts_root", BYTES32, nullable=False),
)
event_table = Table(
    "event",
    MIRROR,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=False),
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
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("id", BYTES32, nullable=False),
    Column("type", Text, nullable=False),
    Column("actor", BYTES32, nullable=False),
    Column("key", ADDRESS, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("block", BigInteger, nullable=False),
    Index(None, "id", unique=True),
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
_ACT = Lookup(select(act_table), act_table.c.id)


def is_act(fact: FromClause, act_id: bytes) -> ColumnElement[bool]:
    """The row of a table of facts that is the act of this id."""
    numbered = select(act_table.c.seq).where(act_table.c.id == act_id)
    return fact.c.seq == numbered.scalar_subquery()


def freshness(connection: Connection) -> Freshness:
    """The state of the chain that this snapshot of the mirror shows, at the block asked for."""
    row = _CURSOR.first(connection)
    assert row is not None, "a mirror that is read was begun"
    if (number := shown_block(connection)) is not None:
        block = _BLOCK.first(connection, number=number)
        assert block is not None, "only a block that was read is shown"
        row = row | {"head_block": number, "head_hash": block["hash"], "head_time": block["time"]}
    return Freshness(**row)


def block_times(reading: Connection, numbers: Iterable[int]) -> dict[int, int]:
    """The times of these blocks in unix seconds; the mirror keeps every block that changed it."""
    rows = ((number, _BLOCK.first(reading, number=number)) for number in set(numbers))
    return {number: int(row["time"]) for number, row in rows if row is not None}


def read_head(connection: Connection) -> tuple[int, bytes] | None:
    """Number and hash of the last block read; None in a mirror that is not begun."""
    query = select(cursor_table.c.head_block, cursor_table.c.head_hash)
    row = connection.execute(query).first()
    return None if row is None else (row[0], row[1])


def read_final(connection: Connection) -> tuple[int, bytes | None] | None:
    """Number and hash of the last final block; None in a mirror that is not begun."""
    row = first_row(connection, select(cursor_table))
    if row is None:
        return None
    final = row["final_block"]
    if final >= row["head_block"]:
        return row["head_block"], row["head_hash"]
    return final, block_hash(connection, final)


def newest_block(connection: Connection, *, until: int) -> int | None:
    """The number of the last block not later than that time in unix seconds."""
    query = select(func.max(block_table.c.number)).where(block_table.c.time <= until)
    number: int | None = connection.scalar(query)
    return number


def show_moment(connection: Connection, moment: Moment | None, *, now: int) -> None:
    """Let a snapshot show what was at a moment (None: now); raises AsOfUnknown.

    Now is the later of the clock's time and the last block's.
    """
    head = freshness(connection)
    present = max(now, head.head_time)
    if moment is None:
        show(connection, block=None, time=present, present=present)
        return
    block = moment.block
    if block is None and moment.time is not None and moment.time <= present:
        block = newest_block(connection, until=moment.time)
    row = None if block is None or block > head.head_block else _block(connection, block)
    if row is None or not _is_newest(connection, row, until=moment.time):
        raise AsOfUnknown(moment.asked, head.head_block)
    time = row["time"] if moment.time is None else moment.time
    show(connection, block=block, time=time, present=present)


def _block(connection: Connection, number: int) -> Row | None:
    return _BLOCK.first(connection, number=number)


def _is_newest(connection: Connection, block: Row, *, until: int | None) -> bool:
    """Whether no later block is older than that time, so that both name one moment.

    A block of that very second may have come after the moment.
    """
    if until is None:
        return True
    newest = newest_block(connection, until=until - 1)
    return block["time"] <= until and (newest is None or newest <= block["number"])


def time_of(reading: Connection) -> int:
    """The time that is shown, by which is told what time decides."""
    time = shown_time(reading)
    return freshness(reading).head_time if time is None else time


def present_of(reading: Connection) -> int:
    """The time now, by which is judged who sees what, whatever moment is shown."""
    time = present_time(reading)
    return freshness(reading).head_time if time is None else time


def shown_moment(reading: Connection) -> Moment:
    """The moment that is shown, to read it again later."""
    block = freshness(reading).head_block
    return Moment(str(block), block=block, time=time_of(reading))


def was_kept(reading: Connection, table: Table) -> ColumnElement[bool]:
    """The rows of a kept table that were there at the time that is shown."""
    if shown_block(reading) is None:
        return true()
    return table.c.created_at <= time_of(reading)


def foresee_acts(snapshot: Connection, act_ids: Iterable[bytes]) -> None:
    """Look many up at once, before each is asked for."""
    _ACT.foresee(snapshot, [(act_id,) for act_id in act_ids])


def act_by_id(connection: Connection, act_id: bytes) -> Row | None:
    """The act of this id, recorded until the block that is shown.

    Its row has seq, type, actor, key, deadline, block.
    """
    row, block = _ACT.first(connection, id=act_id), shown_block(connection)
    return None if row is not None and block is not None and row["block"] > block else row


def time_of_block(connection: Connection, number: int) -> int:
    """The time in unix seconds of a block that was read."""
    block = _block(connection, number)
    assert block is not None, "an event's block was read with it"
    return int(block["time"])


def block_hash(connection: Connection, number: int) -> bytes | None:
    """The hash of the block of this number as it was read; the genesis has no row of its own."""
    if number == 0:
        return read_genesis(connection)
    row = _block(connection, number)
    return None if row is None else row["hash"]


def read_genesis(connection: Connection) -> bytes | None:
    """The hash of the genesis that the mirror began with; None in one that is not begun."""
    genesis: bytes | None = connection.scalar(select(cursor_table.c.genesis))
    return genesis


def block_by_hash(connection: Connection, block_hash: bytes) -> int | None:
    """The number of the block with this hash, if the chain has it."""
    query = select(block_table.c.number).where(block_table.c.hash == block_hash)
    return connection.scalar(query)
