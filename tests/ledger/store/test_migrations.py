"""Kept tables as the migrations make them, and column types that check what they are given."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, select
from sqlalchemy.exc import OperationalError, StatementError

from ledger.errors import DirectoryEmpty
from ledger.evidence.model import document_table
from ledger.founding import migrate
from ledger.migrations.kept import KEPT
from ledger.store.columns import ADDRESS, BYTES32, SIGNATURE, FixedBytes
from ledger.store.manifest import read_manifest
from ledger.store.metadata import MIRROR
from ledger.store.sqlite import SqliteStore, open_mirror
from tests.ledger.played import Opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path, mac_key=bytes(32))
    store.prepare()
    migrate(store)
    yield store
    store.close()


def test_migrate_makes_exactly_the_kept_tables_when_the_database_is_empty(
    store: SqliteStore,
) -> None:
    with store.keeping() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, KEPT) == []
        indexes = {
            index["name"] for name in KEPT.tables for index in inspect(connection).get_indexes(name)
        }
    assert indexes == {index.name for table in KEPT.tables.values() for index in table.indexes}


def test_migrate_changes_nothing_when_it_runs_again(store: SqliteStore) -> None:
    document = {"digest": bytes(32), "kind": "other", "media_type": "a/b", "created_at": 1}
    with store.keeping() as connection:
        connection.execute(insert(document_table).values(content=b"kept", **document))
    migrate(store)
    with store.keeping() as connection:
        assert connection.scalars(select(document_table.c.content)).all() == [b"kept"]


def test_migrate_makes_no_mirror_table_when_it_runs(store: SqliteStore) -> None:
    with store.keeping() as connection:
        made = set(inspect(connection).get_table_names())
    assert made == {*KEPT.tables, "alembic_version"}
    assert made & {table.name for table in MIRROR.tables.values()} == set()


def test_read_manifest_is_refused_when_init_did_not_end(store: SqliteStore) -> None:
    with store.keeping() as connection, pytest.raises(DirectoryEmpty):
        read_manifest(connection)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (BYTES32, b""),
        (BYTES32, b"\x00" * 31),
        (BYTES32, b"\x00" * 33),
        (ADDRESS, b"\x00" * 32),
        (ADDRESS, b"\x00" * 19),
        (SIGNATURE, b"\x00" * 64),
    ],
)
def test_bind_is_refused_when_the_bytes_have_another_length(
    column: FixedBytes, value: bytes
) -> None:
    with pytest.raises(AssertionError, match=f"not {column.length} bytes"):
        column.process_bind_param(value, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, b"\x07" * 32], ids=["null", "bytes"])
def test_bind_gives_the_value_back_when_its_length_is_right(value: bytes | None) -> None:
    bound = BYTES32.process_bind_param(value, None)  # type: ignore[arg-type]
    assert BYTES32.process_result_value(bound, None) == value  # type: ignore[arg-type]


def test_insert_stores_nothing_when_a_column_refuses_its_bytes(store: SqliteStore) -> None:
    document = {"digest": b"short", "kind": "other", "media_type": "a/b", "created_at": 1}
    with store.keeping() as connection:
        with pytest.raises((AssertionError, StatementError)):
            connection.execute(insert(document_table).values(content=b"", **document))
        assert connection.scalars(select(document_table.c.seq)).all() == []


def test_write_mirror_is_refused_when_the_connection_reads(copy: Opened) -> None:
    for statement in ("DELETE FROM mirror.cursor", "DELETE FROM manifest"):
        with copy.store.reading() as reading, pytest.raises(OperationalError, match="readonly"):
            reading.exec_driver_sql(statement)


def test_open_mirror_makes_every_table_when_the_file_is_new(tmp_path: Path) -> None:
    engine = open_mirror(tmp_path / "new.db")
    with engine.connect() as connection:
        made = set(inspect(connection).get_table_names(schema="mirror"))
    engine.dispose()
    assert made == {table.name for table in MIRROR.tables.values()}


def test_read_generation_waits_for_nobody_when_a_writer_is_at_work(copy: Opened) -> None:
    with copy.store.keeping():
        assert copy.store.mirror_generation() == 1
