"""Follows the chain block by block: each block is one transaction of the mirror.

A break in the chain of hashes halts it; nothing is guessed.
"""

from pathlib import Path

from sqlalchemy import Engine, select

from ledger.chain.reader import Reader
from ledger.errors import LedgerHalted
from ledger.mirror.projection import begin_mirror, project_block
from ledger.store.chain_log import cursor_table
from ledger.store.engine import Store, open_mirror
from ledger.store.manifest import Manifest


class MirrorFile:
    """One mirror file being written from one chain."""

    def __init__(self, path: Path, reader: Reader, manifest: Manifest) -> None:
        self._engine: Engine = open_mirror(path)
        self._reader = reader
        with self._engine.begin() as connection:
            if connection.execute(select(cursor_table.c.row)).first() is None:
                begin_mirror(connection, manifest, reader.block(0))

    @property
    def engine(self) -> Engine:
        return self._engine

    def head(self) -> tuple[int, bytes]:
        """Number and hash of the last block read."""
        query = select(cursor_table.c.head_block, cursor_table.c.head_hash)
        with self._engine.connect() as connection:
            number, block_hash = connection.execute(query).one()
        return number, block_hash

    def follow(self, *, until: int | None = None) -> int:
        """Read up to that block, or to the chain's head; the number of blocks read.

        Raises LedgerHalted when a block does not follow the one read before.
        """
        number, head_hash = self.head()
        last = self._reader.head_number() if until is None else until
        for wanted in range(number + 1, last + 1):
            block = self._reader.block(wanted)
            if block.parent != head_hash:
                raise LedgerHalted("the chain's hashes do not link", wanted)
            logs = self._reader.logs(wanted)
            with self._engine.begin() as connection:
                project_block(connection, block, logs)
            head_hash = block.hash
        return max(0, last - number)

    def close(self) -> None:
        self._engine.dispose()


class Follower:
    """Keeps the served mirror up to the chain, and turns to a rebuilt one when it is swapped in."""

    def __init__(self, store: Store, reader: Reader, manifest: Manifest) -> None:
        self._store = store
        self._reader = reader
        self._manifest = manifest
        self._generation = store.mirror_generation()
        self._file = self._open()

    def _open(self) -> MirrorFile:
        return MirrorFile(self._store.mirror_path(self._generation), self._reader, self._manifest)

    def run_once(self) -> bool:
        """Read what is new; True when there was anything."""
        served = self._store.mirror_generation()
        if served != self._generation:
            self._turn_to(served)
        return self._file.follow() > 0

    def _turn_to(self, generation: int) -> None:
        left = self._store.mirror_path(self._generation)
        self._file.close()
        self._generation = generation
        self._file = self._open()
        remove_mirror(left)

    def close(self) -> None:
        self._file.close()


def remove_mirror(path: Path) -> None:
    """Remove a mirror file that is no longer served, with what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
