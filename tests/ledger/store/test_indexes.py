"""The mirror's indexes: looked for with one connection, made by several where some are missing."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, inspect
from sqlalchemy.pool import QueuePool

import ledger.mirror.projection  # noqa: F401 - all tables of a mirror are known
from ledger.store.indexes import create_indexes, drop_indexes
from ledger.store.metadata import mirror_schema
from ledger.store.postgres import PostgresStore


@pytest.fixture
def beside(database: str) -> Iterator[Engine]:
    """What writes a mirror beside the served one."""
    store = PostgresStore(database)
    engine = store.mirror_writer(2)
    yield engine
    engine.dispose()
    store.close()


def test_create_indexes_opens_no_second_connection_when_none_is_missing(beside: Engine) -> None:
    create_indexes(beside)
    assert isinstance(beside.pool, QueuePool)
    assert beside.pool.checkedin() == 1


def test_create_indexes_makes_what_is_missing_when_they_were_dropped(beside: Engine) -> None:
    whole = _indexes(beside)
    with beside.begin() as connection:
        drop_indexes(connection)
    assert _indexes(beside) < whole
    create_indexes(beside)
    assert _indexes(beside) == whole


def _indexes(engine: Engine) -> set[str | None]:
    with engine.connect() as connection:
        found = inspect(connection).get_multi_indexes(schema=mirror_schema(connection))
    return {index["name"] for indexes in found.values() for index in indexes}
