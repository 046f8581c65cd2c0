"""One PostgreSQL database for several services: schema `kept`, and `mirror` rebuilt beside it.

Kept tables are written by one transaction at a time, as in SQLite: an advisory lock at its begin.
"""

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.types.string import BytesBinaryDumper
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema, DropSchema

from ledger.errors import MirrorMissing
from ledger.store.changes import Changes
from ledger.store.engine import Store, answering
from ledger.store.metadata import MIRROR
from ledger.store.noted_changes import changes_in_postgres, start_noting_in_postgres
from ledger.store.prepared import remember_answers
from ledger.store.row_mac import write_row_macs

_KEPT, _MIRROR = "kept", "mirror"
_POOL_SIZE, _POOL_OVERFLOW = 8, 32
_PATIENCE_SECONDS = 10  # for a connection, a lock, an answer: then the request is refused
_WRITER_LOCK = 1


class PostgresStore(Store):
    """Connections to one database. Thread-safe.

    Only with `mac_key`, the 32 bytes under which kept rows have their MACs, are they written.
    """

    def __init__(self, url: str, *, mac_key: bytes | None = None) -> None:
        self._url = url
        self._mac_key = mac_key
        self._readers = _engine(url)
        self._kept = _engine(url)
        self._begin_readers()
        self._begin_writers()
        self._watching: Connection | None = None
        self._plain = _engine(url)
        self._leases = _Leases(self._plain)
        self.changes = Changes(self._version)

    def _begin_readers(self) -> None:
        @event.listens_for(self._readers, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # Before the snapshot: a swap waits for readers, and none sees a half-swapped mirror.
            connection.exec_driver_sql("LOCK TABLE mirror.cursor IN ACCESS SHARE MODE")

    def _begin_writers(self) -> None:
        @event.listens_for(self._kept, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            start_noting_in_postgres(connection)

        @event.listens_for(self._kept, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")

    def prepare(self) -> None:
        """The schema of the kept tables."""
        with self._kept.begin() as connection:
            connection.execute(CreateSchema(_KEPT, if_not_exists=True))

    @contextmanager
    def keeping(self) -> Iterator[Connection]:
        """A write transaction on the kept tables, committed at the end of the block."""
        assert self._mac_key is not None, "kept tables are written with the service's keys"
        with answering(psycopg.OperationalError), self._kept.begin() as connection:
            yield connection
            changes = changes_in_postgres(connection, self._mac_key)
            write_row_macs(connection, self._mac_key, changes)
        self.changes.announce()

    @contextmanager
    def reading_kept(self) -> Iterator[Connection]:
        """A read-only snapshot of the kept tables alone, whether or not there is a mirror."""
        with answering(psycopg.OperationalError), self._plain.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read-only snapshot of the kept tables and of the mirror now served."""
        with answering(psycopg.OperationalError), self._readers.connect() as connection:
            try:
                connection.begin()
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") in ("42P01", "3F000"):  # no table, no schema
                    raise MirrorMissing(_MIRROR) from error
                raise
            remember_answers(connection)
            yield connection

    def mirror_generation(self) -> int:
        """The mirror is served by its name: a rebuilt one takes the name over."""
        return 1

    def mirror_writer(self, generation: int) -> Engine:
        """An engine that writes the served mirror (1) or the one beside it."""
        return self._mirror_engine(_schema(generation))

    def _mirror_engine(self, schema: str) -> Engine:
        engine = _engine(self._url, schema=schema)
        with engine.begin() as connection:
            connection.execute(CreateSchema(schema, if_not_exists=True))
            MIRROR.create_all(connection)
        return engine

    def serve_mirror(self, generation: int) -> None:
        """Give it the served one's name, in one transaction that waits for the readers."""
        with self._kept.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS mirror")
            connection.exec_driver_sql(
                "DO $$ BEGIN LOCK TABLE mirror.cursor IN ACCESS EXCLUSIVE MODE;"
                " EXCEPTION WHEN undefined_table THEN NULL; END $$"
            )
            connection.execute(DropSchema(_MIRROR, cascade=True))
            connection.exec_driver_sql(f"ALTER SCHEMA {_schema(generation)} RENAME TO {_MIRROR}")
        self.changes.announce()

    def remove_mirror(self, generation: int) -> None:
        """Drop the schema beside the served one."""
        self._drop(_schema(generation))

    def _drop(self, schema: str) -> None:
        assert schema != _MIRROR, "what is served is only ever replaced"
        with self._kept.begin() as connection:
            connection.execute(DropSchema(schema, cascade=True, if_exists=True))

    @contextmanager
    def scratch_mirror(self) -> Iterator[Engine]:
        """A mirror in a schema of this thread's own."""
        schema = f"mirror_scratch_{threading.get_native_id()}"
        self._drop(schema)
        engine = self._mirror_engine(schema)
        try:
            yield engine
        finally:
            engine.dispose()
            self._drop(schema)

    def leads(self, role: str) -> bool:
        """Whether the lease of this role is ours: ended by the database with our connection."""
        return self._leases.has(role)

    def _version(self) -> str:
        """Another after each commit: what a snapshot taken now would see."""
        if self._watching is None:
            self._watching = self._plain.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            return str(self._watching.exec_driver_sql("SELECT pg_current_snapshot()").scalar())
        except DBAPIError:
            self._watching.close()
            self._watching = None
            raise

    def close(self, *, is_owner: bool = True) -> None:  # noqa: ARG002 - nobody's files
        """Let go of all connections, and with them of the leases."""
        if self._watching is not None:
            self._watching.close()
        self._leases.close()
        for engine in (self._plain, self._readers, self._kept):
            engine.dispose()


class _Leases:
    """Advisory locks of one connection: the database gives them to nobody else while it lives."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._held: set[str] = set()

    def has(self, role: str) -> bool:
        with self._lock:
            try:
                return self._has(role)
            except DBAPIError:
                self._let_go()
                raise

    def _has(self, role: str) -> bool:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            )
        if role in self._held:
            self._connection.exec_driver_sql("SELECT 1")  # is the session still there?
            return True
        asked = f"SELECT pg_try_advisory_lock({_WRITER_LOCK + 1}, {zlib.crc32(role.encode()) >> 1})"
        if self._connection.exec_driver_sql(asked).scalar():
            self._held.add(role)
        return role in self._held

    def _let_go(self) -> None:
        self._held.clear()
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        with self._lock:
            self._let_go()


def _schema(generation: int) -> str:
    return _MIRROR if generation == 1 else f"{_MIRROR}_{generation}"


def _engine(url: str, *, schema: str = _MIRROR) -> Engine:
    patience = _PATIENCE_SECONDS * 1000
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        paramstyle="format",
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_PATIENCE_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _PATIENCE_SECONDS,
            "options": f"-c search_path={_KEPT} -c lock_timeout={patience}"
            " -c synchronous_commit=on -c bytea_output=hex",
        },
    )
    event.listen(engine, "connect", _take_bytes_fast)
    if schema == _MIRROR:
        return engine
    return engine.execution_options(schema_translate_map={_MIRROR: schema})


def _take_bytes_fast(connection: psycopg.Connection[Any], _record: Any) -> None:
    """COPY asks for what writes a `bytea`; psycopg's usual one is Python, for DB-API's `Binary`."""
    connection.adapters.register_dumper(bytes, BytesBinaryDumper)
