"""A restore: the archive's parts proven, opened, and brought up to the chain in an empty directory.

Everything is made in a folder inside the directory and moved out once it is whole, the database
last: a directory with a database is a restored one.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from ledger.backup.archive import DATABASE, Contents, sync_folder, unpack
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.node import Node
from ledger.chain.reader import Reader
from ledger.clock import Clock
from ledger.directory import DirectoryLock
from ledger.errors import ChainForked, ChainShorter, DirectoryNotEmpty, RestoreUnfinished
from ledger.founding import check_contracts, check_schema
from ledger.known_chain import check_chain, is_in_chain
from ledger.mirror.follower import Mirror
from ledger.opening import reader
from ledger.settings import Settings
from ledger.store.chain_entries import ChainEntries
from ledger.store.chain_log import act_table
from ledger.store.manifest import read_manifest
from ledger.store.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored directory is: the chain's head, and what came since the backup.

    `newer_blocks` and `newer_acts` are on the chain and not in the archive, `mirror_blocks` were
    read to make the mirror. `has_noted_head` tells whether the chain has the head asked for.
    """

    contents: Contents
    block: int
    head: bytes
    newer_blocks: int
    newer_acts: int
    mirror_blocks: int
    has_noted_head: bool | None


def restore(
    archive: Path, settings: Settings, *, clock: Clock, noted_head: bytes | None = None
) -> Restored:
    """Make a directory from an archive; what is refused leaves it as it was.

    Raises DirectoryNotEmpty, DirectoryInUse, RestoreUnfinished, ArchiveForeign, ArchiveDamaged,
    ContractsForeign, SchemaForeign, ChainShorter, ChainForked, DirectoryEmpty.
    """
    with _claimed(settings) as staging:
        contents = unpack(archive, folder=staging)
        store = SqliteStore(staging)
        entries = ChainEntries(store.path)
        try:
            node = EmbeddedNode(entries, clock)
            restored = catch_up(store, node, contents, noted_head=noted_head)
        finally:
            entries.close()
            store.close()
        _move_out(staging, settings.directory)
    return restored


def catch_up(
    store: SqliteStore, node: Node, contents: Contents, *, noted_head: bytes | None = None
) -> Restored:
    """Read a restored store's chain into its mirror and tell what is newer than the archive.

    Raises ChainShorter and ChainForked where the chain lacks the block the archive was made at.
    """
    check_schema(store)
    with store.reading_kept() as connection:
        manifest = read_manifest(connection)
    check_contracts(node, manifest)
    chain = reader(node, manifest)
    _require_block(chain, contents)
    check_chain(chain, store)
    mirror = Mirror(store.mirror_writer(store.mirror_generation()), chain, manifest)
    try:
        mirror_blocks = mirror.follow()
        block, head = mirror.tip().number, mirror.tip().hash
        with mirror.engine.connect() as connection:
            return Restored(
                contents=contents,
                block=block,
                head=head,
                newer_blocks=block - contents.block,
                newer_acts=_acts_after(connection, contents.block),
                mirror_blocks=mirror_blocks,
                has_noted_head=_has(connection, chain, noted_head),
            )
    finally:
        mirror.close()


def _require_block(chain: Reader, contents: Contents) -> None:
    head = chain.head_number()
    if head < contents.block:
        raise ChainShorter(head, contents.block)
    if contents.block < 0 or f"0x{chain.block(contents.block).hash.hex()}" != contents.head:
        raise ChainForked(contents.block)


def _has(mirror: Connection, chain: Reader, noted_head: bytes | None) -> bool | None:
    return None if noted_head is None else is_in_chain(mirror, chain, noted_head)


def _acts_after(connection: Connection, block: int) -> int:
    query = select(func.count()).select_from(act_table).where(act_table.c.block > block)
    return int(connection.scalar(query) or 0)


@contextmanager
def _claimed(settings: Settings) -> Iterator[Path]:
    """A folder to work in inside the directory, owned by us; gone again after a refusal."""
    directory, staging = settings.directory, settings.restoring
    is_new = not directory.exists()
    _require_nothing(settings)
    lock = DirectoryLock(directory)
    try:
        staging.mkdir(mode=0o700)
        yield staging
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        if is_new:
            (directory / "lock").unlink()
            with suppress(OSError):  # somebody else put something there meanwhile
                directory.rmdir()
        raise
    finally:
        lock.release()


def _require_nothing(settings: Settings) -> None:
    found = {path.name for path in settings.directory.glob("*")} - {"lock"}
    if settings.restoring.name in found and DATABASE not in found:
        raise RestoreUnfinished(str(settings.directory))
    if found:
        raise DirectoryNotEmpty(str(settings.directory))


def _move_out(staging: Path, directory: Path) -> None:
    """Out of the folder, the database last: from then on the directory is a ledger's."""
    for path in sorted(staging.iterdir(), key=lambda one: one.name == DATABASE):
        if path.name == DATABASE:
            sync_folder(directory)
        path.rename(directory / path.name)
    staging.rmdir()
    sync_folder(directory)
