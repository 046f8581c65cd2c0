"""What a directory knows of its chain, compared with it: no block may be missing or other."""

from contextlib import suppress

from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from ledger.chain.reader import Reader
from ledger.errors import ChainForked, ChainShorter, MirrorMissing
from ledger.outbox.queue import newest_settled_block
from ledger.store.chain_log import block_by_hash, block_hash, cursor_table, read_final, read_head
from ledger.store.engine import Store


def check_chain(reader: Reader, store: Store) -> None:
    """Raises ChainShorter or ChainForked where this directory knows more than its chain has.

    Blocks that are not final may have been replaced: what of them is known is not compared.
    What it knows is the last block that the mirror read and the last one in which a transaction
    was settled: both are stored anyway, so that no commit pays for a mark of its own.
    """
    with store.keeping() as connection:
        settled = newest_settled_block(connection)
    head, final = mirror_head(store), mirror_final(store)
    chain = reader.head_number()  # after the others: they may grow, and never beyond the chain
    known = max(settled, 0 if head is None else head[0])
    if known > chain:
        raise ChainShorter(chain, known)
    for number, known_hash in filter(None, (mirror_genesis(store), final)):
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


def mirror_genesis(store: Store) -> tuple[int, bytes] | None:
    """0 and the hash of the genesis that the served mirror began with; None without a mirror."""
    with suppress(MirrorMissing, OperationalError), store.reading() as connection:
        genesis = connection.scalar(select(cursor_table.c.genesis))
        return None if genesis is None else (0, genesis)
    return None


def mirror_final(store: Store) -> tuple[int, bytes] | None:
    """Number and hash of the last final block of the served mirror; None without a mirror."""
    with suppress(MirrorMissing, OperationalError), store.reading() as connection:
        return read_final(connection)
    return None


def mirror_head(store: Store) -> tuple[int, bytes] | None:
    """Number and hash of the last block that the served mirror has read; None without a mirror."""
    # No such table: the file was being made when the process ended, and is made anew.
    with suppress(MirrorMissing, OperationalError), store.reading() as connection:
        return read_head(connection)
    return None


def is_in_chain(mirror: Connection, reader: Reader, block_hash: bytes) -> bool:
    """Whether the mirror knows this hash and the chain says the same."""
    number = block_by_hash(mirror, block_hash)
    return number is not None and reader.block(number).hash == block_hash
