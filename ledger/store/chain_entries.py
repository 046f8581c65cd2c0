"""Chain table: blocks and state of the embedded chain, one transaction per block.

Plain sqlite3: the EVM reads thousands of entries a block and knows nothing of SQL.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path


class ChainEntries:
    """Entries of the embedded chain in `ledger.db`, by key."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS chain_entry "
            "(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"
        )

    def get(self, key: bytes) -> bytes | None:
        found = self._connection.execute("SELECT value FROM chain_entry WHERE key = ?", (key,))
        row = found.fetchone()
        return None if row is None else row[0]

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Store all entries or none; None removes a key."""
        kept = [(key, value) for key, value in entries.items() if value is not None]
        removed = [(key,) for key, value in entries.items() if value is None]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany("REPLACE INTO chain_entry VALUES (?, ?)", kept)
            self._connection.executemany("DELETE FROM chain_entry WHERE key = ?", removed)
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._connection.close()
