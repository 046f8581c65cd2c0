"""Filling a mirror from far behind: an empty one gets its indexes when it is full."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, select

from ledger.store.chain_log import cursor_table
from ledger.store.indexes import create_indexes, drop_indexes

_OBJECTS_PER_COLLECTION = 500_000


@contextmanager
def catching_up(engine: Engine) -> Iterator[None]:
    """Make ready for many ranges of blocks, and whole again after the last."""
    with engine.begin() as connection:
        if connection.execute(select(cursor_table.c.head_block)).scalar_one() == 0:
            drop_indexes(connection)
    with _collecting_rarely():
        yield
    create_indexes(engine)


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """A range is many objects without cycles: to look for some at every turn takes an eighth."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_PER_COLLECTION, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
