"""What a directory knows of its chain, compared with it: no block may be missing or other."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from ledger.chain.reader import Reader
from ledger.errors import ChainForked, ChainShorter, MirrorMissing
from ledger.outbox.queue import newest_settled_block
from ledger.store.chain_log import (
    block_by_hash,
    block_hash,
    read_final,
    read_genesis,
    read_head,
)
from ledger.store.engine import Store

T = TypeVar("T")


def check_chain(reader: Reader, store: Store) -> None:
    """Raises ChainShorter or ChainForked where this directory knows more than its chain has.

    Blocks that are not final may have been replaced: what of them is known is not compared.
    What it knows is the last block that the mirror read and the last one in which a transaction
    was settled: both are stored anyway, so that no commit pays for a mark of its own.
    """
    with store.reading_kept() as connection:
        settled = newest_settled_block(connection)
    head, final = mirror_head(store), _of_mirror(store, read_final)
    genesis = _of_mirror(store, read_genesis)
    chain = reader.head_number()  # after the others: they may grow, and never beyond the chain
    known = max(settled, 0 if head is None else head[0])
    if known > chain:
        raise ChainShorter(chain, known)
    first = None if genesis is None else (0, genesis)
    for number, known_hash in filter(None, (first, final)):
        if reader.block(number).hash != known_hash:
            raise ChainForked(number)


def last_common_block(reader: Reader, store: Store) -> int:
    """The last block that the served mirror has read and the chain still has; 0 without one."""
    head = mirror_head(store)
    if head is None:
        return 0
    with store.reading() as reading:
        for number in range(min(head[0], reader.head_number()), 0, -1):
            if block_hash(reading, number) == reader.block(number).hash:
                return number
    return 0


def mirror_head(store: Store) -> tuple[int, bytes] | None:
    """Number and hash of the last block that the served mirror has read; None without a mirror."""
    return _of_mirror(store, read_head)


def _of_mirror(store: Store, read: Callable[[Connection], T]) -> T | None:
    # No such table: the file was being made when the process ended, and is made anew.
    with suppress(MirrorMissing, OperationalError), store.reading() as connection:
        return read(connection)
    return None


def is_in_chain(mirror: Connection, reader: Reader, block_hash: bytes) -> bool:
    """Whether the mirror knows this hash and the chain says the same."""
    number = block_by_hash(mirror, block_hash)
    return number is not None and reader.block(number).hash == block_hash
