"""What a directory is opened for, and what is refused with the way out."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.chain.deploy import creation_hash
from ledger.directory import DirectoryLock
from ledger.embedded_engine import opened
from ledger.errors import (
    ChainUnavailable,
    ContractsForeign,
    DirectoryEmpty,
    DirectoryInUse,
    MirrorMissing,
)
from ledger.evidence.documents import Document, store_document
from ledger.founding import check_contracts
from ledger.settings import Settings
from ledger.store.chain_log import freshness
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
