"""Taking blocks back that the chain no longer has: the mirror as it was after an earlier one."""

from sqlalchemy import Connection, Table, delete, func, select, update

from ledger.store.chain_log import block_table, cursor_table, event_table
from ledger.store.metadata import MIRROR
from ledger.store.states import OPEN


def rewind(connection: Connection, *, to_block: int, block_hash: bytes) -> None:
    """Forget every later block, event, fact and act, and let earlier states hold again.

    In the caller's transaction; `final_block` stays, which no block taken back is below.
    """
    until = event_table.c.block <= to_block
    seq = connection.scalar(select(func.max(event_table.c.seq)).where(until)) or 0
    time = connection.scalar(select(block_table.c.time).where(block_table.c.number == to_block))
    for table in MIRROR.sorted_tables:
        _forget(connection, table, to_block=to_block, seq=seq)
    values = {"head_block": to_block, "head_hash": block_hash, "head_time": time or 0, "seq": seq}
    connection.execute(update(cursor_table).values(**values))


def _forget(connection: Connection, table: Table, *, to_block: int, seq: int) -> None:
    if table is cursor_table:
        return
    if "valid_to" in table.c:
        connection.execute(delete(table).where(table.c.valid_from > to_block))
        ended = (table.c.valid_to > to_block) & (table.c.valid_to != OPEN)
        connection.execute(update(table).where(ended).values(valid_to=OPEN))
    elif table is block_table:
        connection.execute(delete(table).where(table.c.number > to_block))
    elif "seq" in table.c:
        connection.execute(delete(table).where(table.c.seq > seq))
