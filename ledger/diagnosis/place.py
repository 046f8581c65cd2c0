"""Checks of the place: directory, who holds it, keys, port, disk, the database's own word."""

import os
import shutil
import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE
from typing import Any

import httpx2
from sqlalchemy.exc import ProgrammingError

from identity.errors import KeystoreUnreadable
from identity.keystore import read_keystore_address
from ledger.backup.archive import DATABASE
from ledger.diagnosis.finding import Finding, bad, named, ok, unknown
from ledger.directory import DirectoryLock
from ledger.errors import (
    DatabaseDamaged,
    DatabaseUnavailable,
    DirectoryEmpty,
    DirectoryInUse,
    SchemaForeign,
)
from ledger.founding import SCHEMA, check_schema
from ledger.opening import running_url, service_told
from ledger.service_keys import KEY_NAMES, ServiceKeys, read_service_keys
from ledger.settings import Settings, read_connections
from ledger.store.damage import require_whole
from ledger.store.manifest import read_manifest
from ledger.store.opened import open_store

HOST = "127.0.0.1"
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_FREE_BYTES_MIN = 64 * 2**20  # beyond a copy of the database: its log, a rebuilt mirror
_ANSWER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What is examined: a directory, at which time (unix seconds), and what is known of it."""

    settings: Settings
    now: int
    port: int
    passphrase: str | None = None
    noted_head: bytes | None = None


def check_directory(question: Question) -> Finding:
    """Is there a ledger of this version?"""
    directory = question.settings.directory
    if not directory.is_dir():
        return bad("directory", "missing")
    if read_connections(directory).database_url is not None:
        return ok("directory", "elsewhere")
    if not (directory / DATABASE).exists():
        if question.settings.restoring.exists():
            return bad("directory", "restore_unfinished")
        return bad("directory", "foreign" if _has_others(directory) else "empty")
    found = _schema(directory / DATABASE)
    if found is None:
        return bad("directory", "foreign")
    if found != SCHEMA:
        return bad("directory", "schema", expected=SCHEMA, found=found)
    return ok("directory", "ledger")


def _has_others(directory: Path) -> bool:
    return {path.name for path in directory.iterdir()} - {"lock", "keys"} != set()


def _schema(database: Path) -> str | None:
    """The schema version of a ledger's database; None for any other file."""
    address = f"{database.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as file:
            made = file.execute("SELECT count(*) FROM manifest").fetchone()
            version = file.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError:
        return None
    return str(version[0]) if version and made[0] == 1 else None


def check_service(question: Question) -> Finding:
    """Who holds the directory, and is it whom service.json names?"""
    told = service_told(question.settings)
    if not is_held(question.settings.directory):
        return ok("service", "stopped") if told is None else bad("service", "stale")
    match told:
        case None:
            return unknown("service", "unnamed")
        case {"url": str(url), "pid": int(pid)}:
            if not _lives(pid):
                return bad("service", "other_process", pid=pid)
            is_answering = readiness(question.settings) is not None
            return ok("service", "running", url=url) if is_answering else bad("service", "silent")
        case _:
            return bad("service", "unreadable")


def is_held(directory: Path) -> bool:
    """Whether a process owns the directory now."""
    try:
        DirectoryLock(directory).release()
    except DirectoryInUse:
        return True
    return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it lives and is somebody else's
    return True


def readiness(settings: Settings) -> dict[str, Any] | None:
    """What the running service answers to /readyz; None without an answer that can be read."""
    url = running_url(settings)
    if url is None:
        return None
    try:
        answer = httpx2.get(f"{url}/readyz", timeout=_ANSWER_SECONDS, trust_env=False).json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError):
        return None
    return answer if isinstance(answer, dict) and "ready" in answer else None


def check_key_files(question: Question) -> Finding:
    """Are the key files there, private, and key files?"""
    folder = question.settings.keys
    files = [folder / f"{name}.json" for name in KEY_NAMES]
    if missing := [file.name for file in files if not file.exists()]:
        return bad("key_files", "missing", **named(missing))
    if public := [path.name for path in (folder, *folder.iterdir()) if not _is_private(path)]:
        return bad("key_files", "public", **named(sorted(public)))
    if unreadable := [file.name for file in files if _address(file) is None]:
        return bad("key_files", "unreadable", **named(unreadable))
    return ok("key_files", "private")


def _is_private(path: Path) -> bool:
    expected = _PRIVATE_FOLDER if path.is_dir() else _PRIVATE_FILE
    return S_IMODE(path.stat().st_mode) == expected


def _address(file: Path) -> bytes | None:
    try:
        return read_keystore_address(file)
    except KeystoreUnreadable:
        return None


def service_address(settings: Settings) -> bytes | None:
    """The address that the service's key file tells, if it can be read."""
    return _address(settings.keys / "service.json")


def check_passphrase(question: Question) -> Finding:
    """Does the passphrase open every key?"""
    if question.passphrase is None:
        return unknown("passphrase", "not_given")
    try:
        _keys(question.settings, question.passphrase)
    except KeystoreUnreadable as unreadable:
        return bad("passphrase", "wrong", file=Path(unreadable.path).name)
    return ok("passphrase", "opens")


def opened_keys(question: Question) -> ServiceKeys | None:
    """The service's keys, where the passphrase opens them."""
    if question.passphrase is None:
        return None
    try:
        return _keys(question.settings, question.passphrase)
    except KeystoreUnreadable:
        return None


def _keys(settings: Settings, passphrase: str) -> ServiceKeys:
    return read_service_keys(settings.keys, passphrase=passphrase)


def check_port(question: Question) -> Finding:
    """Could a service listen, or does it already?"""
    if is_held(question.settings.directory):
        return ok("port", "held")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, question.port))
        except OSError:
            return bad("port", "taken", port=question.port)
    return ok("port", "free", port=question.port)


def check_disk(question: Question) -> Finding:
    """Is there room for one more copy of the database, as a backup or a rebuild need it?"""
    directory = question.settings.directory
    free = shutil.disk_usage(directory).free
    file = directory / DATABASE
    needed = (file.stat().st_size if file.exists() else 0) + _FREE_BYTES_MIN
    if free < needed:
        return bad("disk", "full", free_megabytes=free >> 20, needed_megabytes=needed >> 20)
    return ok("disk", "room", free_megabytes=free >> 20)


def check_database(question: Question) -> Finding:
    """Does SQLite find its file whole, or does the database elsewhere hold this ledger?"""
    if read_connections(question.settings.directory).database_url is not None:
        return _database_elsewhere(question)
    try:
        require_whole(question.settings.directory / DATABASE)
    except DatabaseDamaged as damaged:
        return bad("database", "damaged", reason=damaged.reason)
    return ok("database", "whole")


def _database_elsewhere(question: Question) -> Finding:
    store = open_store(question.settings.directory)
    try:
        check_schema(store)
        with store.reading_kept() as connection:
            read_manifest(connection)
    except DatabaseUnavailable:
        return bad("database", "unavailable")
    except SchemaForeign as foreign:
        return bad("database", "schema", expected=foreign.expected, found=foreign.found)
    except (DirectoryEmpty, ProgrammingError):
        return bad("database", "no_ledger")
    finally:
        store.close()
    return ok("database", "answers")
