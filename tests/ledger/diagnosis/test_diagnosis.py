"""Every defect made for real in a copied directory: the doctor names it, and no other."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from api.app import create_app
from identity.keys import generate_key
from identity.keystore import write_keystore
from ledger.diagnosis.finding import Finding
from ledger.directory import DirectoryLock
from ledger.local_engine import local_ledger
from ledger.settings import Settings
from tests.api.conftest import served
from tests.api.held import HeldPark
from tests.ledger.kept_park import METER, KeptPark, ask, defects
from tests.ledger.set_machine import SetMachine

ROOT = b"\x07" * 32


@pytest.fixture
def own(kept: KeptPark, tmp_path: Path) -> Path:
    return kept.copied(tmp_path / "ledger")


@pytest.fixture
def running(kept: KeptPark, tmp_path: Path) -> Iterator[HeldPark]:
    """The park's service at a loopback port, written into its directory."""
    park = kept.park.copied(tmp_path / "running")
    with served(create_app(park.ledger)) as url:
        tell_service(park.directory, url=url)
        yield park
    park.close()


def change(directory: Path, statement: str, *values: object, file: str = "ledger.db") -> None:
    """Change exactly one row by hand."""
    with closing(sqlite3.connect(directory / file)) as database:
        assert database.execute(statement, values).rowcount == 1
        database.commit()


def tell_service(directory: Path, **told: object) -> None:
    told = {"url": "http://127.0.0.1:9", "pid": os.getpid()} | told
    (directory / "service.json").write_text(json.dumps(told), "utf-8")


def dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@contextmanager
def held_by_another(directory: Path) -> Iterator[None]:
    lock = DirectoryLock(directory)
    yield
    lock.release()


def found(findings: list[Finding], check: str) -> Finding:
    return next(one for one in findings if one.check == check)


def test_ask_finds_no_defect_when_the_directory_is_whole(kept: KeptPark, own: Path) -> None:
    findings = ask(own, passphrase=kept.passphrase)
    assert defects(findings) == []
    assert {one.check for one in findings if one.state == "unknown"} == {"clock", "head"}
    assert found(findings, "readings").cause == "recomputed"


def test_ask_finds_no_defect_when_a_service_runs(running: HeldPark) -> None:
    findings = ask(running.directory)
    assert defects(findings) == []
    assert (found(findings, "service").cause, found(findings, "port").cause) == ("running", "held")


def test_ask_leaves_no_trace_when_there_is_no_directory(tmp_path: Path) -> None:
    assert defects(ask(tmp_path / "nothing")) == ["directory.missing"]
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("files", "cause"),
    [
        ((), "empty"),
        (("notes.txt",), "foreign"),
        (("ledger.db",), "foreign"),
        (("restoring/ledger.db",), "restore_unfinished"),
    ],
)
def test_ask_finds_what_it_is_when_the_directory_is_no_ledger(
    tmp_path: Path, files: tuple[str, ...], cause: str
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("somebody else's", "utf-8")
    assert defects(ask(tmp_path)) == [f"directory.{cause}"]


def test_ask_finds_a_foreign_directory_when_its_database_has_no_manifest(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as database:
        database.execute("CREATE TABLE bookkeeping (row INTEGER)")
    assert defects(ask(tmp_path)) == ["directory.foreign"]


def test_ask_finds_another_version_when_the_schema_is_newer(own: Path) -> None:
    change(own, "UPDATE alembic_version SET version_num = '0999'")
    (finding,) = ask(own)
    assert (finding.cause, finding.facts) == ("schema", {"expected": "0001", "found": "0999"})


def test_ask_finds_a_killed_service_when_its_file_is_stale(own: Path) -> None:
    tell_service(own, pid=dead_process())
    assert defects(ask(own)) == ["service.stale"]


def test_ask_finds_another_holder_when_the_file_names_a_dead_process(own: Path) -> None:
    tell_service(own, pid=dead_process())
    with held_by_another(own):
        assert defects(ask(own)) == ["service.other_process"]


def test_ask_finds_a_silent_service_when_nobody_answers_there(own: Path) -> None:
    tell_service(own)
    with held_by_another(own):
        findings = ask(own)
    assert defects(findings) == ["service.silent"]
    assert found(findings, "chain").cause == "no_chain"


def test_ask_finds_an_unreadable_file_when_the_holder_wrote_nonsense(own: Path) -> None:
    (own / "service.json").write_text("{", "utf-8")
    with held_by_another(own):
        assert defects(ask(own)) == ["service.unreadable"]


def test_ask_leaves_it_open_when_the_holder_says_nothing(own: Path) -> None:
    with held_by_another(own):
        findings = ask(own)
    assert (defects(findings), found(findings, "service").cause) == ([], "unnamed")


def test_ask_finds_a_missing_key_when_its_file_is_gone(own: Path) -> None:
    (own / "keys" / "courier.json").unlink()
    findings = ask(own)
    assert defects(findings) == ["key_files.missing"]
    assert found(findings, "key_files").facts == {"count": 1, "names": ["courier.json"]}


def test_ask_finds_a_public_key_when_others_may_read_it(own: Path) -> None:
    (own / "keys" / "sealing.json").chmod(0o644)
    assert defects(ask(own)) == ["key_files.public"]


def test_ask_finds_no_key_when_its_file_is_something_else(own: Path) -> None:
    (own / "keys" / "sealing.json").write_text("{}", "utf-8")
    assert defects(ask(own)) == ["key_files.unreadable"]


def test_ask_finds_a_wrong_passphrase_when_it_opens_nothing(own: Path) -> None:
    findings = ask(own, passphrase="loud day")
    assert defects(findings) == ["passphrase.wrong"]
    assert found(findings, "readings").cause == "roots"


def test_ask_finds_another_service_key_when_the_file_was_exchanged(own: Path) -> None:
    (own / "keys" / "service.json").unlink()
    write_keystore(own / "keys" / "service.json", generate_key(), passphrase="x", iterations=2)
    assert defects(ask(own)) == ["service_key.other"]


def test_ask_finds_the_port_taken_when_another_program_listens(own: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        findings = ask(own, port=other.getsockname()[1])
    assert defects(findings) == ["port.taken"]


def test_ask_finds_the_disk_full_when_the_database_would_not_fit_again(own: Path) -> None:
    # Bytes that were never written take no room, and SQLite reads as many as its header says.
    os.truncate(own / "ledger.db", shutil.disk_usage(own).free + 2**30)
    assert defects(ask(own)) == ["disk.full"]


def test_ask_finds_a_damaged_database_when_a_page_is_overwritten(own: Path) -> None:
    with closing(sqlite3.connect(own / "ledger.db")) as database:
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_idempotency_created_at'"
        ).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with (own / "ledger.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))
    assert defects(ask(own)) == ["database.damaged"]


def test_ask_finds_foreign_contracts_when_the_manifest_names_other_code(own: Path) -> None:
    change(own, "UPDATE manifest SET quotas_code_hash = ?", ROOT)
    findings = ask(own)
    assert defects(findings) == ["contracts.foreign"]
    assert found(findings, "contracts").facts == {"contract": "Quotas"}


def test_ask_finds_the_chain_shorter_when_the_mirror_has_read_more(own: Path) -> None:
    change(own, "UPDATE cursor SET head_block = head_block + 9", file="mirror-1.db")
    assert defects(ask(own)) == ["chain.shorter"]


def test_ask_finds_the_chain_forked_when_the_mirror_knows_another_block(own: Path) -> None:
    change(own, "UPDATE cursor SET head_hash = ?", ROOT, file="mirror-1.db")
    assert defects(ask(own)) == ["chain.forked"]


def test_ask_finds_no_mirror_when_its_file_is_gone(own: Path) -> None:
    for file in own.glob("mirror-*"):
        file.unlink()
    assert defects(ask(own))[0] == "mirror.missing"


def test_ask_finds_the_mirror_behind_when_it_has_read_few_blocks(own: Path) -> None:
    _wind_back(own, 3)
    findings = ask(own)
    assert defects(findings) == ["mirror.behind"]
    assert found(findings, "follower").cause == "links"


def _wind_back(directory: Path, number: int) -> None:
    """Let the mirror have read only up to that block."""
    change(
        directory,
        "UPDATE cursor SET head_block = number, head_hash = hash FROM block WHERE number = ?",
        number,
        file="mirror-1.db",
    )


def test_ask_finds_the_follower_halted_when_a_block_does_not_follow(running: HeldPark) -> None:
    running.hold()
    ask_for = running.key_addition("88.111/ENT.0001", "another", 1)
    change(running.directory, "UPDATE cursor SET head_hash = ?", ROOT, file="mirror-1.db")
    body = running.envelope("KeyAddition", ask_for, signer="enterprise 1")
    possession = running.envelope("KeyAddition", body["message"], signer="another")["signature"]
    assert running.post("KeyAddition", body | {"possession": possession}, wait=False).is_success
    running.release()
    _wait_until_halted(running)
    assert "follower.halted" in defects(ask(running.directory))


def _wait_until_halted(park: HeldPark) -> None:
    for _ in range(3000):
        if park.ledger.engine.halted is not None:
            return
        threading.Event().wait(0.01)
    raise AssertionError("it goes on")


def test_ask_finds_another_chain_when_the_noted_head_is_not_in_it(own: Path) -> None:
    assert defects(ask(own, noted_head=ROOT)) == ["head.not_in_chain"]


def test_ask_knows_the_noted_head_when_it_is_an_earlier_block(own: Path) -> None:
    with closing(sqlite3.connect(own / "mirror-1.db")) as database:
        (earlier,) = database.execute("SELECT hash FROM block WHERE number = 5").fetchone()
    assert defects(ask(own, noted_head=earlier)) == []


def test_ask_finds_the_clock_behind_when_rows_are_from_the_future(own: Path) -> None:
    change(own, "UPDATE manifest SET is_demo = 0")
    findings = ask(own, now=1_600_000_000)
    assert defects(findings) == ["clock.behind"]
    assert found(findings, "clock").facts["seconds"] == 69_852_800 + _later(own)


def test_ask_finds_the_clock_off_when_it_jumped_under_a_running_service(
    own: Path, kept: KeptPark
) -> None:
    change(own, "UPDATE manifest SET is_demo = 0")
    machine = SetMachine(2_000_000_000)
    ledger = local_ledger(Settings(own), keys=kept.park.service_keys, machine=machine.machine)
    ledger.start()
    with served(create_app(ledger)) as url:
        tell_service(own, url=url)
        machine.jump(7200)
        findings = ask(own, now=2_000_007_200)
    ledger.stop()
    assert defects(findings) == ["clock.jumped"]
    assert found(findings, "clock").facts == {"seconds": 7200}


def _later(directory: Path) -> int:
    """Seconds from the park's first day to its newest block or row."""
    start = 1_600_000_000 + 69_852_800
    with closing(sqlite3.connect(directory / "mirror-1.db")) as database:
        return int(database.execute("SELECT head_time FROM cursor").fetchone()[0]) - start


def test_ask_finds_a_changed_document_when_its_content_was_edited(own: Path) -> None:
    change(
        own,
        "UPDATE document SET content = CAST(content || ' ' AS BLOB) WHERE seq = "
        "(SELECT max(seq) FROM document WHERE kind = 'meter_record')",
    )
    findings = ask(own)
    assert defects(findings) == ["documents.changed"]
    assert found(findings, "documents").facts["count"] == 1


def test_ask_finds_changed_readings_when_a_day_root_was_edited(own: Path) -> None:
    edited = "UPDATE reading_month SET day_roots = CAST(? || substr(day_roots, 33) AS BLOB)"
    change(own, edited, ROOT)
    findings = ask(own)
    assert defects(findings) == ["readings.changed"]
    assert found(findings, "readings").facts["names"] == [f"{METER} 2023-02"]


def test_ask_finds_changed_readings_when_a_total_was_edited_and_keys_are_open(
    kept: KeptPark, own: Path
) -> None:
    change(own, "UPDATE reading_month SET quantity = '1.00'")
    assert defects(ask(own)) == []
    findings = ask(own, passphrase=kept.passphrase)
    assert defects(findings) == ["readings.changed", "rows.changed"]


def test_ask_finds_changed_readings_when_their_document_is_gone(own: Path) -> None:
    change(own, "DELETE FROM document WHERE kind = 'readings'")
    assert defects(ask(own)) == ["readings.changed"]


def test_ask_names_the_act_when_held_readings_do_not_give_its_root(
    kept: KeptPark, own: Path
) -> None:
    change(own, "UPDATE reading_month SET root = ?", ROOT)
    findings = ask(own)
    assert defects(findings) == ["readings.changed", "evidence.changed"]
    assert found(findings, "evidence").facts["names"] == [kept.evidence]


def test_ask_leaves_it_open_when_no_readings_of_the_evidence_are_held(own: Path) -> None:
    change(own, "DELETE FROM reading_month")
    assert (found(ask(own), "evidence").state, defects(ask(own))) == ("unknown", [])


def test_ask_names_every_row_when_kept_ones_were_changed_added_and_removed(
    kept: KeptPark, own: Path
) -> None:
    change(own, "UPDATE token SET scopes = 7 WHERE seq = 1")
    change(own, "DELETE FROM submission WHERE seq = (SELECT max(seq) FROM submission)")
    change(own, "INSERT INTO halt VALUES (1, 'nothing', 1)")
    findings = ask(own, passphrase=kept.passphrase)
    assert defects(findings) == ["rows.changed"]
    newest = _submissions(own) + 1
    names = ["halt 1 added", f"submission {newest} missing", "token 1 changed"]
    assert found(findings, "rows").facts == {"count": 3, "names": names}


def _submissions(directory: Path) -> int:
    with closing(sqlite3.connect(directory / "ledger.db")) as database:
        return int(database.execute("SELECT max(seq) FROM submission").fetchone()[0])


def test_ask_leaves_kept_rows_open_when_no_passphrase_is_given(own: Path) -> None:
    change(own, "UPDATE token SET scopes = 7 WHERE seq = 1")
    findings = ask(own)
    assert (defects(findings), found(findings, "rows").cause) == ([], "not_opened")


def test_ask_finds_another_total_when_a_row_went_together_with_its_mac(
    kept: KeptPark, own: Path
) -> None:
    change(own, "DELETE FROM submission WHERE seq = 1")
    change(own, "DELETE FROM row_mac WHERE table_name = 'submission' AND row_key = '1'")
    findings = ask(own, passphrase=kept.passphrase)
    assert defects(findings) == ["row_total.other"]


def test_ask_goes_on_when_a_check_breaks_off(own: Path) -> None:
    change(own, "UPDATE reading_month SET document = 'no bytes'")
    findings = ask(own)
    assert defects(findings) == ["readings.broken_off", "evidence.broken_off"]
    assert found(findings, "documents").state == "ok"
