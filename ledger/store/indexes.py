"""The mirror's indexes that filling does not ask: left out while an empty one is filled."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import Connection, Engine, Index, QueuePool
from sqlalchemy.schema import DropIndex

from ledger.store.metadata import MIRROR


def drop_indexes(connection: Connection) -> None:
    """Leave them out until `create_indexes`; that of states which hold now stays: it is asked."""
    for index in _indexes():
        connection.execute(DropIndex(index, if_exists=True))


def create_indexes(engine: Engine) -> None:
    """Make those that are missing, also after a filling that broke off.

    As many at once as the engine keeps connections: a database makes one on one core.
    """
    assert isinstance(engine.pool, QueuePool)
    with ThreadPoolExecutor(engine.pool.size()) as threads:
        list(threads.map(partial(_create, engine), _indexes()))


def _create(engine: Engine, index: Index) -> None:
    with engine.begin() as connection:
        index.create(connection, checkfirst=True)


def _indexes() -> Iterator[Index]:
    for table in MIRROR.sorted_tables:
        is_state = "valid_to" in table.c
        for index in sorted(table.indexes, key=_name):
            if not (is_state and index.unique):
                yield index


def _name(index: Index) -> str:
    return str(index.name)
