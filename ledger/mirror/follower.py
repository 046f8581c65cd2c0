"""Follows the chain in ranges of whole blocks: each range is one transaction of the mirror.

Where the chain turned to other blocks above what is final, the mirror turns with it; below,
it halts. Nothing is taken back before what replaces it was read and proven.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from ledger.chain.node import NodeContradicts
from ledger.chain.reader import ChainLies, Filled, Reader
from ledger.errors import LedgerHalted
from ledger.mirror.commits import Commits
from ledger.mirror.filling import catching_up
from ledger.mirror.prefetch import Prefetch
from ledger.mirror.projection import begin_mirror, project_blocks
from ledger.mirror.rewind import rewind
from ledger.store.chain_log import block_hash, cursor_table
from ledger.store.draft import Remembered
from ledger.store.engine import Store
from ledger.store.indexes import create_indexes
from ledger.store.manifest import Manifest

_CATCH_UP_BLOCKS = 1_000
_REMEMBERED_MAX = 100_000  # states, some hundred bytes each
# A chain may turn between two answers; a node that goes on contradicting itself is at fault.
_CONTRADICTIONS_MAX = 3


@dataclass(frozen=True, slots=True)
class Tip:
    """The last block read, and the last that is final."""

    number: int
    hash: bytes
    final: int


class Mirror:
    """One mirror being written from one chain."""

    def __init__(self, engine: Engine, reader: Reader, manifest: Manifest) -> None:
        self.engine = engine
        self._commits = Commits(engine)
        self._reader = reader
        self._remembered: Remembered = {}
        self._contradictions = 0
        with self.engine.begin() as connection:
            if connection.execute(select(cursor_table.c.row)).first() is None:
                begin_mirror(connection, manifest, reader.block(0))
        create_indexes(engine)

    def tip(self) -> Tip:
        """How far it has read."""
        with self.engine.connect() as connection:
            return _tip(connection)

    def follow(self, *, until: int | None = None) -> int:
        """Read up to that block, or to the chain's head; the number of blocks read.

        Raises LedgerHalted when final blocks were replaced or the node's answers are proven wrong.
        """
        last = self._reader.head_number() if until is None else until
        if self.tip().number + _CATCH_UP_BLOCKS < last:
            with catching_up(self.engine):
                return self._follow(last)
        return self._follow(last)

    def _follow(self, last: int) -> int:
        remembered, self._remembered = self._remembered, {}  # forgotten where this breaks off
        try:
            read = sum(len(blocks) for blocks in self._ranges(last, remembered))
        except ChainLies as lie:
            raise LedgerHalted(lie.reason, lie.block) from lie
        except NodeContradicts as contradiction:
            self._contradictions += 1
            if self._contradictions < _CONTRADICTIONS_MAX:
                raise
            raise LedgerHalted(contradiction.reason, contradiction.block) from contradiction
        finally:
            self._commits.wait()
        self._contradictions = 0
        self._remembered = remembered
        return read

    def _ranges(self, last: int, remembered: Remembered) -> Iterator[list[Filled]]:
        tip = self.tip()
        if last <= tip.number and self._is_kept(tip, last):
            return  # nothing new, or a node that is behind what another one told
        with Prefetch(self._reader, last) as ahead:
            while tip.number < last or not self._is_kept(tip, last):
                after, blocks = tip, ahead.after(tip.number) if tip.number < last else []
                if not blocks or blocks[0].block.parent != tip.hash:
                    after, blocks = self._turned(tip, ahead)
                tip = self._write(blocks, after=after, known=tip, remembered=remembered)
                yield blocks

    def _is_kept(self, tip: Tip, last: int) -> bool:
        """Whether the chain still has, as far as it reaches, the block that was read last."""
        number = min(tip.number, last)
        return self._hash(number) == self._reader.block(number).hash

    def _turned(self, tip: Tip, ahead: Prefetch) -> tuple[Tip, list[Filled]]:
        """The last block that both have, and what follows it on the chain, read and proven."""
        for number in range(min(tip.number, ahead.last), tip.final - 1, -1):
            ours = self._hash(number)
            if number == tip.number and ours != tip.hash:
                break  # the cursor is not what was read: changed by somebody else's hand
            if ours is not None and self._reader.block(number).hash == ours:
                if number == ahead.last:
                    raise NodeContradicts("the chain's hashes do not link", number)
                blocks = ahead.after(number)
                if blocks[0].block.parent != ours:
                    raise NodeContradicts("the chain's hashes do not link", number + 1)
                return Tip(number, ours, tip.final), blocks
        raise LedgerHalted("the chain's hashes do not link", tip.final)

    def _hash(self, number: int) -> bytes | None:
        """The hash of this block as it was read."""
        self._commits.wait()
        with self.engine.connect() as connection:
            return block_hash(connection, number)

    def _write(
        self, blocks: list[Filled], *, after: Tip, known: Tip, remembered: Remembered
    ) -> Tip:
        """How far it has read with these blocks, once they are committed."""
        with self._commits.transaction() as connection:
            if _tip(connection) != known:
                raise NodeContradicts("another service wrote the mirror meanwhile", known.number)
            if after != known:
                rewind(connection, to_block=after.number, block_hash=after.hash)
                remembered.clear()
            depth = self._reader.finality_depth
            project_blocks(connection, blocks, depth=depth, remembered=remembered)
            if len(remembered) >= _REMEMBERED_MAX:
                remembered.clear()
            return _tip(connection)

    def close(self) -> None:
        self._commits.close()
        self.engine.dispose()


def _tip(connection: Connection) -> Tip:
    columns = (cursor_table.c.head_block, cursor_table.c.head_hash, cursor_table.c.final_block)
    number, block_hash, final = connection.execute(select(*columns)).one()
    return Tip(number, block_hash, final)


class Follower:
    """Keeps the served mirror up to the chain, and turns to a rebuilt one when it is swapped in."""

    def __init__(self, store: Store, reader: Reader, manifest: Manifest) -> None:
        self._store = store
        self._reader = reader
        self._manifest = manifest
        self._generation = store.mirror_generation()
        self._mirror = self._open()

    def _open(self) -> Mirror:
        engine = self._store.mirror_writer(self._generation)
        return Mirror(engine, self._reader, self._manifest)

    def run_once(self) -> bool:
        """Read what is new; True when there was anything."""
        served = self._store.mirror_generation()
        if served != self._generation:
            self._turn_to(served)
        return self._mirror.follow() > 0

    def _turn_to(self, generation: int) -> None:
        left = self._generation
        self._mirror.close()
        self._generation = generation
        self._mirror = self._open()
        self._store.remove_mirror(left)

    def close(self) -> None:
        self._mirror.close()
