"""The mirror's indexes that filling does not ask: left out while an empty one is filled."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import Connection, Engine, Index, QueuePool, inspect
from sqlalchemy.schema import CreateIndex, DropIndex

from ledger.store.metadata import MIRROR, mirror_schema


def drop_indexes(connection: Connection) -> None:
    """Leave them out until `create_indexes`; that of states which hold now stays: it is asked."""
    for index in _indexes():
        connection.execute(DropIndex(index, if_exists=True))


def create_indexes(engine: Engine) -> None:
    """Make those that are missing, also after a filling that broke off.

    As many at once as the engine keeps connections: a database makes one on one core.
    """
    assert isinstance(engine.pool, QueuePool)
    if missing := _missing(engine):
        with ThreadPoolExecutor(min(engine.pool.size(), len(missing))) as threads:
            list(threads.map(partial(_create, engine), missing))


def _missing(engine: Engine) -> list[Index]:
    with engine.connect() as connection:
        of_tables = inspect(connection).get_multi_indexes(schema=mirror_schema(connection))
    there = {index["name"] for indexes in of_tables.values() for index in indexes}
    return [index for index in _indexes() if index.name not in there]


def _create(engine: Engine, index: Index) -> None:
    with engine.begin() as connection:
        connection.execute(CreateIndex(index, if_not_exists=True))


def _indexes() -> Iterator[Index]:
    for table in MIRROR.sorted_tables:
        is_state = "valid_to" in table.c
        for index in sorted(table.indexes, key=_name):
            if not (is_state and index.unique):
                yield index


def _name(index: Index) -> str:
    return str(index.name)
