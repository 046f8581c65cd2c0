"""Which database a directory's tables are in."""

from pathlib import Path

from ledger.settings import read_connections
from ledger.store.engine import Store
from ledger.store.sqlite import SqliteStore


def open_store(directory: Path, *, mac_key: bytes | None = None) -> Store:
    """The tables of this directory: in its own files, or where its connections say.

    Only with the service's `mac_key` may kept tables be written.
    """
    url = read_connections(directory).database_url
    if url is None:
        return SqliteStore(directory, mac_key=mac_key)
    # Imported here: the driver takes a moment to load, and most directories never need it.
    from ledger.store.postgres import PostgresStore

    return PostgresStore(url, mac_key=mac_key)
