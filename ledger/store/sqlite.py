"""The files of one directory: `ledger.db` (kept, chain) and `mirror-<generation>.db`.

Full sync of the kept tables: what was acknowledged survives a power cut.
"""

import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    PoolProxiedConnection,
    QueuePool,
    create_engine,
    event,
    select,
)
from sqlalchemy.exc import OperationalError

from ledger.errors import MirrorMissing
from ledger.store.changes import Changes
from ledger.store.engine import Store, answering, disposing
from ledger.store.manifest import manifest_table, tell_generation
from ledger.store.metadata import MIRROR
from ledger.store.noted_changes import changes_in_sqlite, start_noting_in_sqlite
from ledger.store.prepared import Prepared, remember_answers
from ledger.store.row_mac import write_row_macs

_BUSY_TIMEOUT_MS = 30_000
_MIRROR_CACHE_KB = 64_000
_PAGES_PER_CHECKPOINT = 4_000  # 16 MB: under load most pages are written again before
_SERVED = Prepared(select(manifest_table.c.mirror_generation))


def _engine(main: str, *, attached_mirror: str | None, begin: str, pool_size: int = 8) -> Engine:
    """An engine whose connections see the kept tables and, attached, the mirror's."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            main, uri=True, check_same_thread=False, timeout=_BUSY_TIMEOUT_MS / 1000
        )

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=pool_size, max_overflow=32
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours: see _begin
        if attached_mirror is not None:
            connection.execute("ATTACH DATABASE ? AS mirror", (attached_mirror,))
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_PER_CHECKPOINT}")
        if attached_mirror is not None:
            # What a power cut takes of the mirror is read again from the chain.
            connection.execute("PRAGMA mirror.synchronous = NORMAL")
            connection.execute(f"PRAGMA mirror.cache_size = -{_MIRROR_CACHE_KB}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _set(engine: Engine, *pragmas: str) -> None:
    """Run pragmas that must stand outside of any transaction."""
    with engine.connect() as connection:
        driver_connection = connection.connection.driver_connection
        assert driver_connection is not None
        for pragma in pragmas:
            driver_connection.execute(pragma)


class SqliteStore(Store):
    """Connections to one directory's databases. Thread-safe.

    Only with `mac_key`, the 32 bytes under which kept rows have their MACs, are they written.
    """

    def __init__(self, directory: Path, *, mac_key: bytes | None = None) -> None:
        self._directory = directory.absolute()
        self._mac_key = mac_key
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._readers: tuple[int, Engine] | None = None
        self._watched: tuple[int, PoolProxiedConnection] | None = None
        self.changes = Changes(self._version)
        self.path = self._directory / "ledger.db"
        self._glance = _engine(f"{self.path.as_uri()}?mode=ro", attached_mirror=None, begin="BEGIN")
        self._kept = _engine(self.path.as_uri(), attached_mirror=None, begin="BEGIN IMMEDIATE")
        event.listen(self._kept, "connect", _note_in_memory)

    def prepare(self) -> None:
        """Write-ahead log: the setting lives in the file."""
        _set(self._kept, "PRAGMA journal_mode = WAL")

    @contextmanager
    def keeping(self) -> Iterator[Connection]:
        """A write transaction on the kept tables, committed at the end of the block."""
        assert self._mac_key is not None, "kept tables are written with the service's keys"
        # Our own threads take turns: SQLite sleeps up to 100 ms between two looks at its lock.
        with answering(sqlite3.OperationalError), self._turn, self._kept.begin() as connection:
            driver_connection = connection.connection.driver_connection
            is_noted = start_noting_in_sqlite(driver_connection, self._mac_key)
            yield connection
            if is_noted:
                write_row_macs(connection, self._mac_key, changes_in_sqlite(connection))
        self.changes.announce()

    @contextmanager
    def reading_kept(self) -> Iterator[Connection]:
        """A read-only snapshot of the kept tables alone, whether or not there is a mirror."""
        with answering(sqlite3.OperationalError), self._glance.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read-only snapshot of the kept tables and of the mirror now served."""
        with answering(sqlite3.OperationalError), self._snapshot() as connection:
            yield connection

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        while True:
            generation, readers = self._current_readers()
            try:
                connection = readers.connect()
            except OperationalError:
                if self.mirror_generation() == generation:
                    raise
                self._forget_readers(generation)  # its file went when the next was swapped in
                continue
            with connection, connection.begin():
                remember_answers(connection)
                served = _SERVED.first(connection)
                if served is not None and served["mirror_generation"] == generation:
                    yield connection
                    return
            self._forget_readers(generation)

    def _current_readers(self) -> tuple[int, Engine]:
        with self._lock:
            if self._readers is None:
                generation = self.mirror_generation()
                if not self.mirror_path(generation).exists():
                    raise MirrorMissing(self.mirror_path(generation).name)
                self._readers = (generation, self._reader(generation))
            return self._readers

    def _reader(self, generation: int) -> Engine:
        mirror = f"{self.mirror_path(generation).as_uri()}?mode=ro"
        return _engine(f"{self.path.as_uri()}?mode=ro", attached_mirror=mirror, begin="BEGIN")

    def _forget_readers(self, generation: int) -> None:
        with self._lock:
            if self._readers is not None and self._readers[0] == generation:
                self._readers[1].dispose()
                self._readers = None

    def mirror_generation(self) -> int:
        """The number of the mirror file that is served."""
        with self._glance.connect() as connection:
            return int(connection.execute(select(manifest_table.c.mirror_generation)).scalar_one())

    def mirror_path(self, generation: int) -> Path:
        return self._directory / f"mirror-{generation}.db"

    def mirror_writer(self, generation: int) -> Engine:
        """An engine that writes this mirror's file."""
        return open_mirror(self.mirror_path(generation))

    def serve_mirror(self, generation: int) -> None:
        """Tell all readers by the manifest; they turn to the file when they see it."""
        with self.keeping() as connection:
            tell_generation(connection, generation)

    def remove_mirror(self, generation: int) -> None:
        """Remove the file, with what SQLite keeps beside it."""
        path = self.mirror_path(generation)
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def scratch_mirror(self) -> Iterator[Engine]:
        """A mirror in a temporary directory."""
        with (
            tempfile.TemporaryDirectory() as scratch,
            disposing(open_mirror(Path(scratch) / "scratch.db")) as engine,
        ):
            yield engine

    def leads(self, role: str) -> bool:  # noqa: ARG002 - a directory has one process
        """Always: a directory is owned by one process."""
        return True

    def _version(self) -> tuple[int, ...]:
        """Another after each commit of anybody to the kept tables or the served mirror.

        SQLite compares on one connection only, which belongs to the thread that asks.
        """
        generation, readers = self._current_readers()
        if self._watched is None or self._watched[0] != generation:
            self._unwatch()
            self._watched = generation, readers.raw_connection()
        watching = self._watched[1].driver_connection
        assert watching is not None
        versions = [
            watching.execute(f"PRAGMA {schema}.data_version").fetchone()[0]
            for schema in ("main", "mirror")
        ]
        return generation, *versions

    def _unwatch(self) -> None:
        if self._watched is not None:
            self._watched[1].close()
            self._watched = None

    def close(self, *, is_owner: bool = True) -> None:
        """Let go of the files; their owner, who ends last, brings what was written into them."""
        self._unwatch()
        if self._readers is not None:
            self._readers[1].dispose()
        self._glance.dispose()
        if is_owner:
            # Last and writing: a reader cannot bring the write-ahead log into the file. Where
            # others go on it gives up: waiting for readers here would stop all writers.
            _set(self._kept, "PRAGMA busy_timeout = 0", "PRAGMA wal_checkpoint(TRUNCATE)")
        self._kept.dispose()


def _note_in_memory(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA temp_store = MEMORY")


def open_mirror(path: Path) -> Engine:
    """An engine that writes the mirror file of this path, made with its tables if missing."""
    engine = _engine(
        ":memory:", attached_mirror=path.absolute().as_uri(), begin="BEGIN IMMEDIATE", pool_size=1
    )
    _set(engine, "PRAGMA mirror.journal_mode = WAL")
    with engine.begin() as connection:
        MIRROR.create_all(connection)
    return engine
