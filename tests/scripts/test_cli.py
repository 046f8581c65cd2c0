"""The command line as people run it: processes, exit codes, one document on standard output."""

import json
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from scripts.cli import main
from scripts.listeners import listen

pytestmark = pytest.mark.slow  # every test starts a process or two that load the chain

ROOT = Path(__file__).resolve().parents[2]
FOUNDERS = [f"--founder=0x{digit * 40}" for digit in "123"]
VERBS = ["demo", "init", "serve", "doctor", "mirror status", "mirror reconcile", "mirror rebuild"]
VERBS += ["key create", "token create", "backup", "restore", "network besu"]


def run(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """The command run to its end; its exit code must be this one."""
    done = subprocess.run(_command(arguments), cwd=ROOT, env=_environment(), **_PIPES)
    assert done.returncode == code, done.stdout + done.stderr
    return done


_PIPES: dict[str, Any] = {"text": True, "capture_output": True, "timeout": 50}


def _command(arguments: tuple[str | Path, ...]) -> list[str]:
    return [sys.executable, "-m", "scripts.cli", *map(str, arguments)]


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What stands alone on standard output."""
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A ledger's directory as `init` made it, and what that said."""
    place = tmp_path_factory.mktemp("ledger")
    (place / "passphrase").write_text("quiet night\n", "utf-8")
    directory = place / "data"
    told = run("init", "--dir", directory, *FOUNDERS, *_passphrase(directory), "--json")
    return directory, document(told)


def _passphrase(directory: Path) -> tuple[str, str]:
    return "--passphrase-file", str(directory.parent / "passphrase")


@pytest.fixture
def own(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the directory for one test."""
    shutil.copytree(made[0].parent, tmp_path / "copy")
    return tmp_path / "copy" / "data"


@contextmanager
def serving(directory: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The URL of a service of this directory; ended with SIGTERM."""
    command = _command(("serve", "--dir", directory, "--port", "0", *_passphrase(directory)))
    with subprocess.Popen(
        command, cwd=ROOT, env=_environment(), stderr=subprocess.PIPE, text=True
    ) as service:
        assert service.stderr is not None
        said = service.stderr.readline() + service.stderr.readline()
        match = re.search(r"http://[0-9.:]+", said)
        assert match, said
        yield match[0], service
        service.send_signal(signal.SIGTERM)
        service.wait(timeout=20)


def _get(url: str) -> httpx2.Response:
    """An answer of the service, which may say its URL a moment before it listens."""
    transport = httpx2.HTTPTransport(retries=8)
    with httpx2.Client(transport=transport, trust_env=False, timeout=20) as client:
        return client.get(url)


def test_init_tells_one_document_when_json_is_asked(made: tuple[Path, dict[str, Any]]) -> None:
    directory, told = made
    assert (told["directory"], told["chain_id"]) == (str(directory), 20260101)
    assert set(told["contracts"]) == {"Identifiers", "Emissions", "Quotas"}
    addresses = [*told["contracts"].values(), told["service_key"]]
    assert all(re.fullmatch("0x[0-9a-f]{40}", address) for address in addresses)


def test_init_makes_the_directory_private_when_it_is_new(
    made: tuple[Path, dict[str, Any]],
) -> None:
    directory, _ = made
    assert (mode(directory), mode(directory / "keys")) == (0o700, 0o700)
    assert {mode(file) for file in (directory / "keys").iterdir()} == {0o600}
    assert (directory / "ledger.db").exists() and (directory / "mirror-1.db").exists()


def test_init_prints_no_secret_when_keys_are_made(made: tuple[Path, dict[str, Any]]) -> None:
    directory, told = made
    assert "quiet night" not in json.dumps(told)
    kept = b"".join(file.read_bytes() for file in (directory / "keys").iterdir())
    assert b"quiet night" not in kept


def test_create_token_opens_the_machine_alone_when_a_service_runs(own: Path) -> None:
    with serving(own) as (url, _):
        wish = ("--operate", "--dir", own, *_passphrase(own), "--json")
        token = document(run("token", "create", *wish))["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=url, headers=bearer, trust_env=False, timeout=20) as client:
            assert client.get("/v1/assets").status_code == 200
            refused = client.get("/v1/tokens")
    assert (refused.status_code, refused.json()["facts"]) == (403, {"needed": "read"})
    kept = b"".join(file.read_bytes() for file in own.glob("ledger.db*"))
    assert token[4:16].encode() in kept
    assert token[17:60].encode() not in kept


def test_create_token_is_refused_when_it_is_for_nobody(own: Path) -> None:
    assert "--operate" in run("token", "create", "--dir", own, code=2).stderr


def test_create_token_is_refused_when_no_ledger_is_there(tmp_path: Path) -> None:
    done = run("token", "create", "--operate", "--dir", tmp_path / "none", code=3)
    assert "DirectoryEmpty" in done.stderr


def test_init_is_refused_when_the_directory_is_in_use_already(
    made: tuple[Path, dict[str, Any]],
) -> None:
    directory, _ = made
    done = run("init", "--dir", directory, *FOUNDERS, *_passphrase(directory), "--json", code=3)
    problem = json.loads(done.stderr)
    assert (problem["code"], problem["facts"]) == ("DirectoryNotEmpty", {"path": str(directory)})
    assert done.stdout == ""


def test_init_tells_usage_when_founders_are_too_few(tmp_path: Path) -> None:
    done = run("init", "--dir", tmp_path / "data", *FOUNDERS[:2], code=2)
    assert "three different founders" in done.stderr
    assert not (tmp_path / "data").exists()


def _doctor(*arguments: str | Path, code: int = 0) -> dict[str, dict[str, Any]]:
    """What doctor says of each check; the usual port may be anybody's here."""
    free = listen(0)
    port = free.getsockname()[1]
    free.close()
    told = document(run("doctor", *arguments, "--port", str(port), "--json", code=code))
    return {check["name"]: check for check in told["checks"]}


def test_doctor_says_whole_when_nothing_is_wrong(made: tuple[Path, dict[str, Any]]) -> None:
    checks = _doctor("--dir", made[0], *_passphrase(made[0]))
    assert {check["state"] for check in checks.values()} == {"ok", "unknown"}
    assert checks["head"]["state"] == "unknown"


def test_doctor_exits_6_and_says_what_to_do_when_a_key_can_be_read_by_others(own: Path) -> None:
    (own / "keys" / "courier.json").chmod(0o644)
    found = _doctor("--dir", own, code=6)["key_files"]
    assert (found["state"], found["cause"]) == ("bad", "public")
    assert found["facts"] == {"count": 1, "names": ["courier.json"]}
    assert "courier.json" in found["found"] and "chmod" in found["next"]


def test_doctor_exits_6_when_the_noted_head_is_of_another_chain(
    made: tuple[Path, dict[str, Any]],
) -> None:
    checks = _doctor("--dir", made[0], "--head", "0x" + "12" * 32, code=6)
    assert checks["head"]["cause"] == "not_in_chain"


def test_doctor_exits_6_and_makes_nothing_when_there_is_no_ledger(tmp_path: Path) -> None:
    checks = _doctor("--dir", tmp_path / "nothing", code=6)
    assert {name: check["cause"] for name, check in checks.items()} == {"directory": "missing"}
    assert not (tmp_path / "nothing").exists()


def test_doctor_tells_usage_when_the_head_is_no_hash(made: tuple[Path, dict[str, Any]]) -> None:
    assert "0x and 64 digits" in run("doctor", "--dir", made[0], "--head", "12", code=2).stderr


def test_restore_gives_what_was_backed_up_when_a_service_ran(own: Path) -> None:
    archive, target = own.parent / "archive", own.parent / "restored"
    with serving(own) as (url, _):
        _get(f"{url}/healthz")
        saved = document(run("backup", archive, "--dir", own, "--json"))
    assert (saved["file"], saved["left_out"]) == (str(archive), [])
    assert mode(archive) == 0o600
    restored = document(run("restore", archive, "--dir", target, "--head", saved["head"], "--json"))
    assert (restored["block"], restored["head"]) == (saved["block"], saved["head"])
    assert restored["has_noted_head"] is True


def test_backup_is_refused_when_the_file_is_there(own: Path) -> None:
    done = run("backup", own.parent / "passphrase", "--dir", own, "--json", code=3)
    assert json.loads(done.stderr)["code"] == "ArchiveExists"


def test_restore_is_refused_when_the_file_is_no_archive(own: Path) -> None:
    target = own.parent / "restored"
    done = run("restore", own.parent / "passphrase", "--dir", target, "--json", code=3)
    assert json.loads(done.stderr)["code"] == "ArchiveForeign"
    assert not target.exists()


def test_restore_exits_6_and_says_so_when_the_noted_head_is_newer(own: Path) -> None:
    archive, target = own.parent / "archive", own.parent / "restored"
    run("backup", archive, "--dir", own)
    done = run("restore", archive, "--dir", target, "--head", "0x" + "12" * 32, code=6)
    assert "acts acknowledged after the backup are gone" in done.stderr
    assert (target / "ledger.db").exists()


def test_serve_is_refused_when_an_older_database_was_put_back(own: Path) -> None:
    with sqlite3.connect(own / "mirror-1.db") as connection:
        connection.execute("UPDATE cursor SET head_block = head_block + 1")
    connection.close()
    done = run("serve", "--dir", own, "--port", "0", *_passphrase(own), "--json", code=3)
    problem = json.loads(done.stderr)
    assert (problem["code"], problem["facts"]) == ("ChainShorter", {"chain": 3, "known": 4})
    assert _doctor("--dir", own, code=6)["chain"]["cause"] == "shorter"


def test_mirror_status_tells_both_heights_when_asked(made: tuple[Path, dict[str, Any]]) -> None:
    told = document(run("mirror", "status", "--dir", made[0], "--json"))
    assert (told["generation"], told["block"]) == (1, told["chain_block"])


def test_mirror_reconcile_finds_nothing_when_the_mirror_is_right(
    made: tuple[Path, dict[str, Any]],
) -> None:
    told = document(run("mirror", "reconcile", "--dir", made[0], "--json"))
    assert (told["equal"], told["differences"]) == (True, [])


def test_mirror_reconcile_exits_6_and_names_the_row_when_one_was_edited(own: Path) -> None:
    _edit_root_name(own)
    told = document(run("mirror", "reconcile", "--dir", own, "--json", code=6))
    (found,) = told["differences"]
    assert (found["table"], found["columns"]) == ("subject", ["name"])
    assert (found["mirror"], found["chain"]) == ({"name": "99"}, {"name": "88"})


def test_mirror_rebuild_heals_when_a_row_was_edited(own: Path) -> None:
    _edit_root_name(own)
    told = document(run("mirror", "rebuild", "--dir", own, *_passphrase(own), "--json"))
    assert told["generation"] == 2
    assert document(run("mirror", "reconcile", "--dir", own, "--json"))["equal"] is True


def test_mirror_rebuild_tells_its_origins_apart_when_two_are_named(own: Path) -> None:
    words: list[str | Path] = ["mirror", "rebuild", "--dir", own, *_passphrase(own)]
    words.append("--from-events")
    assert document(run(*words, "--json"))["generation"] == 2
    run(*words, "--accept-fork", code=2)


def test_mirror_rebuild_is_refused_when_the_passphrase_is_another(own: Path) -> None:
    (own.parent / "passphrase").write_text("loud day", "utf-8")
    done = run("mirror", "rebuild", "--dir", own, *_passphrase(own), code=3)
    assert "KeystoreUnreadable" in done.stderr


def _edit_root_name(directory: Path) -> None:
    with sqlite3.connect(directory / "mirror-1.db") as connection:
        assert connection.execute("UPDATE subject SET name = '99'").rowcount == 1
    connection.close()


def test_key_create_keeps_the_key_private_when_it_makes_one(
    made: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    file, passphrase = tmp_path / "key.json", _passphrase(made[0])
    told = document(run("key", "create", file, *passphrase, "--json"))
    assert told["keystore"] == str(file)
    assert re.fullmatch("0x[0-9a-f]{40}", told["address"])
    assert mode(file) == 0o600


def test_key_create_is_refused_when_the_file_is_there(
    made: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "key.json"
    file.write_text("mine", "utf-8")
    done = run("key", "create", file, *_passphrase(made[0]), "--json", code=3)
    assert json.loads(done.stderr)["code"] == "KeystoreExists"
    assert file.read_text("utf-8") == "mine"


def test_serve_answers_on_loopback_when_it_runs(own: Path) -> None:
    with serving(own) as (url, service):
        assert url.startswith("http://127.0.0.1:")
        assert _get(f"{url}/readyz").json()["ready"] is True
        written = json.loads((own / "service.json").read_text("utf-8"))
        assert written == {"url": url, "pid": service.pid}
    assert service.returncode == 0
    assert not (own / "service.json").exists()


def test_serve_exits_5_when_another_process_owns_the_directory(own: Path) -> None:
    with serving(own):
        done = run("serve", "--dir", own, "--port", "0", *_passphrase(own), code=5)
    assert "DirectoryInUse" in done.stderr


def test_mirror_reconcile_asks_the_service_when_one_runs(own: Path) -> None:
    with serving(own) as (url, _):
        _get(f"{url}/healthz")
        told = document(run("mirror", "reconcile", "--dir", own, "--json"))
    assert told["equal"] is True


def test_serve_is_refused_when_a_clock_is_given_to_no_demo(own: Path) -> None:
    clock = own.parent / "clock"
    clock.write_text("2023-01-01T00:00:00Z", "ascii")
    done = run("serve", "--dir", own, "--port", "0", "--clock", clock, *_passphrase(own), code=3)
    assert "ScriptRefused" in done.stderr


def test_serve_is_refused_when_the_passphrase_is_wrong(own: Path) -> None:
    (own.parent / "passphrase").write_text("loud day\n", "utf-8")
    done = run("serve", "--dir", own, "--port", "0", *_passphrase(own), code=3)
    assert "KeystoreUnreadable" in done.stderr


def test_run_exits_2_when_the_verb_is_unknown() -> None:
    assert run("destroy", code=2).stdout == ""


def _help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str) -> str:
    """What the help of a verb says, its lines joined."""
    monkeypatch.setattr(sys, "argv", ["carbonledger", *verb.split(), "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("verb", VERBS)
def test_help_gives_an_example_when_a_verb_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert f"Example: carbonledger {verb}" in _help(monkeypatch, capsys, verb)


@pytest.mark.parametrize("noun", ["", "mirror", "key"])
def test_help_lists_the_verbs_when_a_noun_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], noun: str
) -> None:
    told = _help(monkeypatch, capsys, noun)
    listed = {verb.removeprefix(noun).split()[0] for verb in VERBS if verb.startswith(noun)}
    assert {verb for verb in listed if f" {verb} " not in told} == set()
