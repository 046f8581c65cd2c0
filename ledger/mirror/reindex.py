"""A new mirror from the events that the served one holds: everything derived is derived again.

No node is asked. What it holds is believed: `reconcile` compares the outcome with the chain.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, select

from ledger.chain.codec import decode_event
from ledger.chain.reader import Block, Filled, Log
from ledger.errors import LedgerHalted
from ledger.mirror.filling import catching_up
from ledger.mirror.projection import begin_mirror, project_blocks
from ledger.store.chain_log import block_table, cursor_table, event_table
from ledger.store.draft import Remembered
from ledger.store.engine import Store
from ledger.store.manifest import Manifest
from ledger.store.rows import Row, every_row

_BLOCKS_PER_RANGE = 100


def reindex(store: Store, manifest: Manifest, *, finality_depth: int) -> tuple[int, int]:
    """Derive a mirror from the served one's events and serve it: its generation, the last block.

    Raises LedgerHalted for an event that is none of our contracts'.
    """
    generation = store.mirror_generation() + 1
    store.remove_mirror(generation)  # left half-made by an earlier try
    engine = store.mirror_writer(generation)
    try:
        with store.reading() as served:
            number = derive(served, engine, manifest, finality_depth)
    finally:
        engine.dispose()
    store.serve_mirror(generation)
    return generation, number


def derive(served: Connection, engine: Engine, manifest: Manifest, depth: int) -> int:
    """Fill an empty mirror from the events of another; the last block."""
    remembered: Remembered = {}
    with engine.begin() as connection:
        begin_mirror(connection, manifest, _genesis(manifest))
    with catching_up(engine):
        for blocks in _ranges(served):
            with engine.begin() as connection:
                project_blocks(connection, blocks, depth=depth, remembered=remembered)
    with engine.connect() as connection:
        return int(connection.execute(select(cursor_table.c.head_block)).scalar_one())


def _genesis(manifest: Manifest) -> Block:
    nothing = bytes(32)
    return Block(0, manifest.genesis, nothing, 0, nothing, nothing)


def _ranges(served: Connection) -> Iterator[list[Filled]]:
    """The kept blocks with their events, some at a time."""
    number = 0
    while rows := _blocks_after(served, number):
        number = rows[-1]["number"]
        logs = _logs(served, rows[0]["number"], number)
        yield [Filled(_block(row), logs.get(row["number"], [])) for row in rows]


def _blocks_after(served: Connection, number: int) -> list[Row]:
    later = select(block_table).where(block_table.c.number > number)
    return every_row(served, later.order_by(block_table.c.number).limit(_BLOCKS_PER_RANGE))


def _block(row: Row) -> Block:
    return Block(**row, transactions_root=bytes(32))  # not kept: it proved hashes that are


def _logs(served: Connection, first: int, last: int) -> dict[int, list[Log]]:
    logs: dict[int, list[Log]] = {}
    wanted = event_table.c.block.between(first, last)
    for row in every_row(served, select(event_table).where(wanted).order_by(event_table.c.seq)):
        logs.setdefault(row["block"], []).append(_log(row))
    return logs


def _log(row: Row) -> Log:
    try:
        event = decode_event(row["topics"], row["data"])
    except ValueError:  # of another shape
        event = None
    if event is None:
        raise LedgerHalted(f"event {row['seq']} is none of our contracts'", row["block"])
    return Log(**{name: row[name] for name in Log._fields if name != "event"}, event=event)
