"""What a directory is opened for, and what is refused with the way out."""

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from ledger import migrations
from ledger.chain.deploy import creation_hash
from ledger.directory import DirectoryLock
from ledger.errors import (
    ChainForked,
    ChainShorter,
    ChainUnavailable,
    ContractsForeign,
    DirectoryEmpty,
    DirectoryInUse,
    MirrorMissing,
)
from ledger.evidence.documents import Document, store_document
from ledger.founding import SCHEMA, check_contracts
from ledger.known_chain import check_chain
from ledger.opening import opened
from ledger.settings import Settings
from ledger.store.chain_log import freshness
from ledger.store.sqlite import SqliteStore
from tests.ledger.played import Opened

OTHER = b"\x07" * 32


def test_check_contracts_is_refused_when_another_version_deployed_them(copy: Opened) -> None:
    other = replace(copy.manifest, creation_hash=OTHER)
    with pytest.raises(ContractsForeign) as refusal:
        check_contracts(copy.node, other)
    assert refusal.value.facts == {"contract": "all", "expected": creation_hash(), "found": OTHER}


def test_check_contracts_is_refused_when_the_chain_has_other_code(copy: Opened) -> None:
    other = replace(copy.manifest, quotas_code_hash=OTHER)
    with pytest.raises(ContractsForeign) as refusal:
        check_contracts(copy.node, other)
    found = copy.manifest.quotas_code_hash
    assert refusal.value.facts == {"contract": "Quotas", "expected": OTHER, "found": found}


def test_reading_is_refused_when_the_mirror_is_gone(copy: Opened) -> None:
    copy.mirror.unlink()
    with pytest.raises(MirrorMissing) as refusal, copy.store.reading() as reading:
        freshness(reading)
    assert refusal.value.facts == {"file": "mirror-1.db"}


def test_open_is_refused_when_nothing_was_made(tmp_path: Path) -> None:
    with pytest.raises(DirectoryEmpty), opened(Settings(tmp_path / "nothing")):
        pass


def test_open_is_refused_when_the_service_that_holds_it_does_not_answer(copy: Opened) -> None:
    directory = copy.store.path.parent
    lock = DirectoryLock(directory)
    (directory / "service.json").write_text('{"url": "http://127.0.0.1:9", "pid": 1}')
    with pytest.raises(ChainUnavailable), opened(Settings(directory)):
        pass
    lock.release()


def test_lock_is_refused_when_another_holds_it(tmp_path: Path) -> None:
    first = DirectoryLock(tmp_path)
    with pytest.raises(DirectoryInUse):
        DirectoryLock(tmp_path)
    first.release()
    DirectoryLock(tmp_path).release()


def test_close_folds_the_log_into_the_file_when_the_store_ends(copy: Opened) -> None:
    log = copy.store.path.with_name("ledger.db-wal")
    with copy.store.keeping() as connection:
        store_document(connection, Document(b"kept", bytes(32), "other", "text/plain"), now=1)
    assert log.stat().st_size
    copy.store.close()
    assert not log.exists() or log.stat().st_size == 0


def _change(copy: Opened, statement: str, *, file: str) -> None:
    with closing(sqlite3.connect(copy.store.path.with_name(file))) as database:
        assert database.execute(statement).rowcount == 1
        database.commit()


def test_check_chain_takes_it_when_the_mirror_is_behind_or_gone(copy: Opened) -> None:
    behind = "UPDATE cursor SET head_block = number, head_hash = hash FROM block WHERE number = 3"
    _change(copy, behind, file="mirror-1.db")
    check_chain(copy.reader, copy.store)
    copy.mirror.unlink()
    check_chain(copy.reader, copy.store)
    copy.mirror.touch()  # a process ended while it made the file
    check_chain(copy.reader, copy.store)


def test_check_chain_is_refused_when_the_mirror_has_read_more(copy: Opened) -> None:
    head = copy.reader.head_number()
    _change(copy, "UPDATE cursor SET head_block = head_block + 9", file="mirror-1.db")
    with pytest.raises(ChainShorter) as refusal:
        check_chain(copy.reader, copy.store)
    assert refusal.value.facts == {"chain": head, "known": head + 9}


def test_check_chain_is_refused_when_a_settled_block_is_missing(copy: Opened) -> None:
    newest = "(SELECT max(seq) FROM courier_transaction)"
    settled = f"UPDATE courier_transaction SET done_block = 9999 WHERE seq = {newest}"
    _change(copy, settled, file="ledger.db")
    copy.mirror.unlink()
    with pytest.raises(ChainShorter) as refusal:
        check_chain(copy.reader, copy.store)
    assert refusal.value.facts["known"] == 9999


def test_check_chain_is_refused_when_the_mirror_knows_another_block(copy: Opened) -> None:
    head = copy.reader.head_number()
    _change(copy, "UPDATE cursor SET head_hash = zeroblob(32)", file="mirror-1.db")
    with pytest.raises(ChainForked) as refusal:
        check_chain(copy.reader, copy.store)
    assert refusal.value.facts == {"block": head}


def test_open_is_refused_when_an_older_database_was_put_back(copy: Opened) -> None:
    """The old file is an earlier block of the same chain, the mirror that lies beside is not."""
    _change(copy, "UPDATE cursor SET head_block = head_block + 1", file="mirror-1.db")
    with pytest.raises(ChainShorter), opened(Settings(copy.store.path.parent)):
        pass


def test_name_schema_gives_the_newest_migration_when_alembic_is_asked() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA


def test_close_does_not_wait_when_a_reader_goes_on(copy: Opened) -> None:
    with copy.store.keeping() as connection:
        store_document(connection, Document(b"kept", bytes(32), "other", "text/plain"), now=1)
    with closing(sqlite3.connect(copy.store.path)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM manifest").fetchone()
        beside = SqliteStore(copy.store.path.parent)
        started = time.monotonic()
        beside.close()
        assert time.monotonic() - started < 5  # a busy time-out is 30 s
