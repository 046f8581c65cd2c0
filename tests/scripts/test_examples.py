"""Every example of every help is run as it stands, and does what it says."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.api.world import World
from tests.scripts.conftest import Run, write_new_key
from tests.scripts.verbs import every_verb, examples_of

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "scripts.cli"]
# These make a ledger, serve it or look into its files; the others are people's.
MACHINE = {"demo", "init", "serve", "doctor", "backup", "restore", "mirror", "network"}
PEOPLES = [verb for verb in every_verb() if verb[0] not in MACHINE]
BY_HAND: dict[tuple[str, ...], list[str]] = {
    ("key", "create"): ["--passphrase-file", "passphrase"]  # it would be typed
}


def test_help_gives_one_example_when_any_verb_is_asked() -> None:
    assert len(every_verb()) > 30
    for verb in every_verb():
        (example,) = examples_of(*verb)
        assert shlex.split(example)[: len(verb)] == list(verb)


@pytest.mark.slow  # three seconds of blocks
def test_run_examples_succeeds_when_they_come_in_the_order_of_the_help(
    run: Run, park: tuple[World, str], desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = park[0]
    monkeypatch.setenv("REPORT", world.ids["report_3"])
    monkeypatch.setenv("STATEMENT", world.ids["positive"])
    monkeypatch.setenv("ADDRESS", write_new_key(desk / "new-key.json"))
    first = next(iter(world.park.get("/v1/evidence")["items"]))
    monkeypatch.setenv("EVIDENCE", first["id"])
    made = run("token", "create", "--scopes", "read", "--as", "enterprise", "--json")
    monkeypatch.setenv("TOKEN", made.document["lookup"])
    _write_messages(run, desk)
    for verb in PEOPLES:
        (example,) = examples_of(*verb)
        arguments = [os.path.expandvars(word) for word in shlex.split(example)]
        done = run(*arguments, *BY_HAND.get(verb, []))
        assert done.out or verb == ("key", "create"), example


def _write_messages(run: Run, desk: Path) -> None:
    """A message written for signing elsewhere, the same signed, and another for sending."""
    transfer = ["quota", "transfer", "--to", "88.111/ENT.0002", "--asset", "PARK-2023"]
    unsigned = ["--sign-with", "none", "--as", "enterprise", "--json", "--nonce"]
    for number, name in ((20, "transfer"), (21, "other")):
        told = run(*transfer, "--tonnes", "1", *unsigned, str(number))
        (desk / f"{name}.json").write_text(told.out, "utf-8")
    signed = run("message", "sign", "other.json", "--as", "enterprise")
    assert signed.out.count("\n") == 1
    (desk / "signed.json").write_text(signed.out, "utf-8")
    (desk / "signed.ndjson").write_text(signed.out, "utf-8")


def _run_in(place: Path, example: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *shlex.split(example)],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow  # a new ledger and nine processes of its own
def test_run_examples_of_the_machine_succeeds_when_a_ledger_is_made(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("quiet night\n", "utf-8")
    mirrors = [one for one in every_verb() if one[0] == "mirror"]
    network = ("network", "besu")
    for verb in [("init",), ("doctor",), ("backup",), ("restore",), *mirrors, network]:
        (example,) = examples_of(*verb)
        process = _run_in(tmp_path, example)
        _, told = process.communicate(timeout=50)
        assert process.returncode == 0, (example, told)
    (example,) = examples_of("serve")
    process = _run_in(tmp_path, example)
    assert process.stderr is not None
    told = process.stderr.readline()
    url = json.loads((tmp_path / "carbonledger-data" / "service.json").read_text("utf-8"))["url"]
    assert url in told
    with httpx2.Client(trust_env=False, transport=httpx2.HTTPTransport(retries=8)) as client:
        assert client.get(f"{url}/healthz").status_code == 200
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.mark.slow  # a whole year is played
@pytest.mark.timeout(240)
def test_run_example_of_the_demo_succeeds_when_nothing_is_there(tmp_path: Path) -> None:
    (example,) = examples_of("demo")
    process = _run_in(tmp_path, example)
    _, told = process.communicate(timeout=200)
    assert process.returncode == 0, told
