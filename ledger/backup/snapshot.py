"""A backup: one moment of a directory in one archive, taken while a service goes on.

The mirror is left out. Whatever it holds the chain says too, two files cannot be caught in one
moment, and a mirror made anew at restore is right whatever happened to the old one.
"""

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from identity.keystore import read_keystore_address
from ledger.backup.archive import DATABASE, PARTS, Contents, measure, sync_folder, write_archive
from ledger.chain.embedded_node import EmbeddedNode
from ledger.clock import Clock
from ledger.directory import require_made
from ledger.errors import BackupElsewhere, DatabaseDamaged, DoorRefusal
from ledger.founding import check_contracts, check_schema
from ledger.known_chain import mirror_head
from ledger.opening import reader
from ledger.settings import Settings, read_connections
from ledger.store.chain_entries import ChainEntries
from ledger.store.damage import require_whole
from ledger.store.manifest import read_manifest
from ledger.store.sqlite import SqliteStore

_MADE_ANEW = ("mirror-", "ledger.db-", "lock", "service.json")


@dataclass(eq=False)
class ArchiveExists(DoorRefusal):
    """A backup is never written over another file."""

    path: str


@dataclass(eq=False)
class ArchiveUnwritable(DoorRefusal):
    """The archive cannot be written there; `reason` is the name of the system's error."""

    path: str
    reason: str


def back_up(settings: Settings, archive: Path, *, clock: Clock) -> Contents:
    """Write an archive of the directory: a new file, there whole or not at all.

    It needs room for the database twice beside the archive. Raises DirectoryEmpty, ArchiveExists,
    ArchiveUnwritable, DatabaseDamaged, ContractsForeign, SchemaForeign, KeystoreUnreadable,
    BackupElsewhere.
    """
    require_made(settings.directory)
    require_all_here(settings)
    try:
        if archive.exists():
            raise ArchiveExists(str(archive))
        with TemporaryDirectory(prefix=f".{archive.name}.", dir=archive.parent) as scratch:
            return _write(settings, archive, Path(scratch), clock=clock)
    except FileExistsError:
        raise ArchiveExists(str(archive)) from None
    except OSError as error:
        raise ArchiveUnwritable(str(archive), _name_of(error)) from error


def require_all_here(settings: Settings) -> None:
    """Raises BackupElsewhere where chain or database is not in the directory."""
    connections = read_connections(settings.directory)
    if connections.database_url is not None:
        raise BackupElsewhere("database")
    if connections.rpc_url is not None:
        raise BackupElsewhere("chain")


def _write(settings: Settings, archive: Path, scratch: Path, *, clock: Clock) -> Contents:
    folder, unfinished = scratch / "directory", scratch / "archive"
    folder.mkdir()
    _copy(settings, folder)
    block, head = _chain_head(folder, clock)
    read = _mirror_block(settings, until=block)
    contents = Contents(clock.now(), block, f"0x{head.hex()}", read, measure(folder))
    write_archive(unfinished, contents, folder=folder)
    os.link(unfinished, archive)  # unlike a renaming it never replaces what came there meanwhile
    sync_folder(archive.parent)
    return contents


def _mirror_block(settings: Settings, *, until: int) -> int | None:
    """How far the mirror has read of what is in the copy: it may have gone on since."""
    store = SqliteStore(settings.directory)
    head = mirror_head(store)
    store.close()
    return None if head is None else min(head[0], until)


def _copy(settings: Settings, folder: Path) -> None:
    """Every part as it is now: keys never change, the database is one of its moments."""
    (folder / "keys").mkdir()
    for name in PARTS[1:]:
        read_keystore_address(settings.directory / name)  # a key that nobody can read is no backup
        shutil.copyfile(settings.directory / name, folder / name)
    _copy_database(settings.directory / DATABASE, folder / DATABASE)
    require_whole(folder / DATABASE)


def _copy_database(live: Path, copy: Path) -> None:
    """One moment of the database.

    All pages go in one step of SQLite's online backup: one reading transaction, which under a
    write-ahead log neither waits for writers nor lets them wait.
    """
    address = f"{live.absolute().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(address, uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            target.execute("PRAGMA journal_mode = OFF")  # what breaks off is thrown away
            source.backup(target)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
            raise DatabaseDamaged(live.name, str(error)) from error
        raise ArchiveUnwritable(str(copy), error.sqlite_errorname) from error


def _chain_head(folder: Path, clock: Clock) -> tuple[int, bytes]:
    """Number and hash of the copy's head: a copy that cannot be opened is no backup."""
    store = SqliteStore(folder)
    entries = ChainEntries(store.path)
    try:
        check_schema(store)
        with store.reading_kept() as connection:
            manifest = read_manifest(connection)
        node = EmbeddedNode(entries, clock)
        check_contracts(node, manifest)
        chain = reader(node, manifest)
        head = chain.block(chain.head_number())
    finally:
        entries.close()
        store.close()
    return head.number, head.hash


def _name_of(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def left_out(settings: Settings) -> list[str]:
    """Files in the directory that no archive takes: a passphrase, a demo's keys, logs.

    Beside the encrypted keys a passphrase would open them for whoever gets hold of the archive.
    """
    folders = (settings.directory, settings.keys)
    found = [file for folder in folders for file in folder.iterdir() if file.is_file()]
    names = sorted(file.relative_to(settings.directory).as_posix() for file in found)
    return [name for name in names if name not in PARTS and not name.startswith(_MADE_ANEW)]
