"""A backup of a real directory and its restore: beside a service, onto a longer chain, refused."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from identity.errors import KeystoreUnreadable
from ledger.backup.archive import PARTS, ArchiveDamaged, Contents
from ledger.backup.restoration import Restored, catch_up, restore
from ledger.backup.snapshot import ArchiveExists, ArchiveUnwritable, back_up, left_out
from ledger.clock import RealClock
from ledger.directory import DirectoryLock, require_empty
from ledger.errors import (
    ChainForked,
    ChainShorter,
    ContractsForeign,
    DatabaseDamaged,
    DirectoryEmpty,
    DirectoryInUse,
    DirectoryNotEmpty,
    RestoreUnfinished,
    SchemaForeign,
)
from ledger.local_engine import local_ledger
from ledger.mirror.reconcile import reconcile
from ledger.opening import opened
from ledger.settings import Settings
from ledger.store.manifest import read_manifest
from tests.api.held import HeldPark
from tests.ledger.kept_park import KeptPark, ask, defects
from tests.ledger.played import NextSecond
from tests.ledger.played import opened as opened_by_hand

HASH = b"\x07" * 32


@pytest.fixture
def own(kept: KeptPark, tmp_path: Path) -> Path:
    return kept.copied(tmp_path / "ledger")


@pytest.fixture
def running(kept: KeptPark, tmp_path: Path) -> Iterator[HeldPark]:
    park = kept.park.copied(tmp_path / "running")
    yield park
    park.close()


def save(directory: Path, archive: Path | None = None) -> Contents:
    target = archive or directory.parent / "archive"
    return back_up(Settings(directory), target, clock=RealClock())


def bring(directory: Path, to: str = "restored", noted_head: bytes | None = None) -> Restored:
    """Restore the archive beside a directory into another one beside it."""
    archive, settings = directory.parent / "archive", Settings(directory.parent / to)
    return restore(archive, settings, clock=RealClock(), noted_head=noted_head)


def change(directory: Path, statement: str, *values: object, file: str = "ledger.db") -> None:
    with closing(sqlite3.connect(directory / file)) as database:
        assert database.execute(statement, values).rowcount == 1
        database.commit()


def rows(database: Path) -> list[str]:
    """Every kept and chain row as text."""
    with closing(sqlite3.connect(database)) as file:
        return list(file.iterdump())


def test_restore_gives_the_same_rows_when_the_ledger_was_stopped(own: Path) -> None:
    contents = save(own)
    restored = bring(own)
    assert rows(own.parent / "restored" / "ledger.db") == rows(own / "ledger.db")
    assert (restored.block, f"0x{restored.head.hex()}") == (contents.block, contents.head)
    assert (restored.newer_blocks, restored.newer_acts) == (0, 0)
    assert restored.mirror_blocks == contents.block
    for name in PARTS[1:]:
        assert (own.parent / "restored" / name).read_bytes() == (own / name).read_bytes()


def test_restore_makes_a_directory_the_doctor_finds_whole_when_it_is_through(
    kept: KeptPark, own: Path
) -> None:
    save(own)
    bring(own)
    restored = own.parent / "restored"
    assert defects(ask(restored, passphrase=kept.passphrase)) == []
    with opened(Settings(restored)) as ledger:
        found = reconcile(ledger.store, ledger.reader, ledger.manifest)
        assert found.differences == ()


def test_restore_leaves_private_files_and_no_folder_of_work_when_it_is_through(own: Path) -> None:
    save(own)
    bring(own)
    restored = own.parent / "restored"
    assert {path.name for path in restored.iterdir()} == {
        "keys", "ledger.db", "lock", "mirror-1.db",
    }  # fmt: skip
    assert {path.stat().st_mode & 0o777 for path in (restored, restored / "keys")} == {0o700}
    assert (restored / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_backup_is_one_moment_when_a_service_goes_on(running: HeldPark) -> None:
    stopping = threading.Event()
    counted: list[str] = []

    def post() -> None:
        while not stopping.is_set():
            number = len(counted)
            told = running.register(
                "88.111.1", f"MTR.1{number:03}", "meter",
                owner="88.111/ENT.0001", signer="enterprise 1",
            )  # fmt: skip
            counted.append(told)

    poster = threading.Thread(target=post)
    poster.start()
    saved = [save(running.directory, running.directory.parent / f"{n}") for n in range(3)]
    stopping.set()
    poster.join()
    for number in range(3):
        archive = running.directory.parent / f"{number}"
        target = Settings(running.directory.parent / f"restored {number}")
        restored = restore(archive, target, clock=RealClock())
        assert restored.block == saved[number].block
        assert defects(ask(target.directory)) == []
    assert counted
    assert len(rows(running.directory.parent / "restored 2" / "ledger.db")) > 100


def test_serve_goes_on_when_it_was_restored(running: HeldPark) -> None:
    save(running.directory)
    bring(running.directory)
    settings = Settings(running.directory.parent / "restored", running.clock_file)
    ledger = local_ledger(settings, keys=running.service_keys)
    ledger.start()
    assert ledger.readiness()["ready"] is True
    ledger.stop()


def test_backup_leaves_out_what_lies_in_the_clear_when_it_is_a_demo(
    kept: KeptPark, tmp_path: Path
) -> None:
    shutil.copytree(kept.park.directory, tmp_path / "ledger")
    save(tmp_path / "ledger")
    assert kept.passphrase.encode() not in (tmp_path / "archive").read_bytes()
    assert left_out(Settings(tmp_path / "ledger")) == ["clock", "keys/passphrase"]


def test_backup_is_refused_when_the_file_is_there(own: Path) -> None:
    (own.parent / "archive").write_text("mine", "utf-8")
    with pytest.raises(ArchiveExists) as refusal:
        save(own)
    assert refusal.value.facts == {"path": str(own.parent / "archive")}
    assert (own.parent / "archive").read_text("utf-8") == "mine"


def test_backup_is_refused_when_there_is_no_folder_for_it(own: Path) -> None:
    target = own.parent / "nowhere" / "archive"
    with pytest.raises(ArchiveUnwritable) as refusal:
        save(own, target)
    assert refusal.value.facts == {"path": str(target), "reason": "ENOENT"}


def test_backup_is_refused_when_nothing_was_made(tmp_path: Path) -> None:
    with pytest.raises(DirectoryEmpty):
        save(tmp_path / "nothing")


def test_backup_is_refused_when_a_key_cannot_be_read(own: Path) -> None:
    (own / "keys" / "courier.json").write_text("{}", "utf-8")
    with pytest.raises(KeystoreUnreadable):
        save(own)
    assert {path.name for path in own.parent.iterdir()} == {"ledger"}


def test_backup_is_refused_when_the_database_is_damaged(own: Path) -> None:
    with closing(sqlite3.connect(own / "ledger.db")) as database:
        (size,) = database.execute("PRAGMA page_size").fetchone()
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_idempotency_created_at'"
        ).fetchone()
    with (own / "ledger.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xaa" * size)
    with pytest.raises(DatabaseDamaged):
        save(own)
    assert {path.name for path in own.parent.iterdir()} == {"ledger"}


def test_backup_is_refused_when_the_database_is_something_else(own: Path) -> None:
    (own / "ledger.db").write_bytes(b"something else" * 1000)
    with pytest.raises(DatabaseDamaged):
        save(own)


def test_restore_knows_the_noted_head_when_the_backup_has_it(own: Path) -> None:
    contents = save(own)
    assert bring(own, noted_head=bytes.fromhex(contents.head[2:])).has_noted_head is True
    assert bring(own, to="other", noted_head=HASH).has_noted_head is False
    assert bring(own, to="third").has_noted_head is None


def test_restore_is_refused_when_the_directory_has_anything(own: Path) -> None:
    save(own)
    (own.parent / "restored").mkdir()
    (own.parent / "restored" / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(DirectoryNotEmpty):
        bring(own)
    assert [path.name for path in (own.parent / "restored").iterdir()] == ["notes.txt"]


def test_restore_is_refused_when_another_works_there(own: Path) -> None:
    save(own)
    lock = DirectoryLock(own.parent / "restored")
    with pytest.raises(DirectoryInUse):
        bring(own)
    lock.release()


def test_restore_leaves_nothing_when_it_is_refused(own: Path) -> None:
    save(own)
    _cut(own.parent / "archive")
    (own.parent / "empty").mkdir()
    for target in ("restored", "empty"):
        with pytest.raises(ArchiveDamaged):
            bring(own, to=target)
    assert not (own.parent / "restored").exists()
    assert [path.name for path in (own.parent / "empty").iterdir()] == ["lock"]


def _cut(archive: Path) -> bytes:
    """Take half of the archive away; what it was."""
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    return whole


def test_restore_goes_on_in_the_same_directory_when_it_was_refused_before(own: Path) -> None:
    save(own)
    (own.parent / "restored").mkdir()
    whole = _cut(own.parent / "archive")
    with pytest.raises(ArchiveDamaged):
        bring(own)
    (own.parent / "archive").write_bytes(whole)
    assert bring(own).block > 0


@pytest.mark.parametrize("ask_for", [require_empty, lambda path: bring(path.parent / "ledger")])
def test_use_is_refused_when_a_restore_was_broken_off(
    own: Path, ask_for: Callable[[Path], object]
) -> None:
    save(own)
    half = own.parent / "restored"
    (half / "restoring").mkdir(parents=True)
    with pytest.raises(RestoreUnfinished):
        ask_for(half)
    with pytest.raises(RestoreUnfinished), opened(Settings(half)):
        pass


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE manifest SET creation_hash = zeroblob(32)", ContractsForeign),
        ("UPDATE alembic_version SET version_num = '0999'", SchemaForeign),
        ("UPDATE courier_transaction SET done_block = 999 WHERE seq = "
         "(SELECT max(seq) FROM courier_transaction)", ChainShorter),
    ],
)  # fmt: skip
def test_catch_up_is_refused_when_the_store_is_of_another_version_or_chain(
    own: Path, statement: str, refusal: type[Exception]
) -> None:
    contents = save(own)
    change(own, statement)
    with opened_by_hand(own, keys={}) as ledger, pytest.raises(refusal):
        catch_up(ledger.store, ledger.node, contents)


def test_catch_up_names_what_is_newer_when_the_chain_went_on(running: HeldPark) -> None:
    contents = save(running.directory)
    bring(running.directory)
    restored = running.directory.parent / "restored"
    running.register(
        "88.111.1", "MTR.1000", "meter", owner="88.111/ENT.0001", signer="enterprise 1", wait=True
    )
    head = int(running.node.request("eth_blockNumber", []), 16)
    newer = head - contents.block
    # The restored store beside a node of its own, as with a chain that lies elsewhere.
    with opened_by_hand(restored, keys={}) as ledger:
        told = catch_up(ledger.store, running.node, contents)
    assert (told.newer_blocks, told.newer_acts, told.mirror_blocks) == (newer, 1, newer)


def test_catch_up_is_refused_when_the_chain_ends_before_the_backup(own: Path) -> None:
    contents = save(own)
    with opened_by_hand(own, keys={}, clock=NextSecond()) as ledger:
        with pytest.raises(ChainShorter) as shorter:
            catch_up(ledger.store, ledger.node, replace(contents, block=contents.block + 3))
        with pytest.raises(ChainForked) as forked:
            catch_up(ledger.store, ledger.node, replace(contents, head="0x" + "07" * 32))
        with ledger.store.reading_kept() as connection:
            assert read_manifest(connection) == ledger.manifest
    assert shorter.value.facts == {"chain": contents.block, "known": contents.block + 3}
    assert forked.value.facts == {"block": contents.block}
