"""`carbonledger report proof`: from a service over HTTP to a file, to a lone checker."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.api.proven import OTHER_SIGNER, SIGNER, STAMP, prove
from tests.api.test_documents import METER
from tests.api.world import World
from tests.house.source_tree import ROOT
from tests.scripts.conftest import Run

READING = ("--meter", METER, "--stamp", STAMP)


@pytest.fixture(scope="module")
def report(park: tuple[World, str]) -> str:
    return prove(park[0])


def test_prove_report_is_checked_by_one_file_when_it_came_over_http(
    run: Run, park: tuple[World, str], report: str, tmp_path: Path
) -> None:
    told = run("report", "proof", report, *READING, "--as", "enterprise")
    (tmp_path / "proof.json").write_text(told.out, "utf-8")
    shutil.copy(ROOT / "scripts" / "check_proof.py", tmp_path)
    keys = [park[0].address(name) for name in (SIGNER, OTHER_SIGNER)]
    checked = subprocess.run(
        [sys.executable, "-I", "check_proof.py", "proof.json", "--key", keys[0], "--key", keys[1]],
        cwd=tmp_path,
        env={"LC_ALL": "C.UTF-8"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert f"{STAMP}: 52.25 kWh" in checked.stdout
    _assert_recorded(park[1], report, checked.stdout)


def _assert_recorded(url: str, report: str, told: str) -> None:
    """Ask what the checker says is to be asked: the chain's last report of the facility is this."""
    method, parameters = told.splitlines()[-1].split(maxsplit=1)
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": json.loads(parameters)}
    logs = httpx2.post(f"{url}/rpc", json=call, trust_env=False, timeout=30).json()["result"]
    ids = [log["topics"][1] for log in logs if log["topics"][2] in told]
    assert ids[-1] == report


def test_prove_report_discloses_nothing_when_no_reading_is_named(run: Run, report: str) -> None:
    told = run("report", "proof", report, "--as", "enterprise")
    assert json.loads(told.out)["reading"] is None


def test_prove_report_writes_nothing_when_the_service_refuses(run: Run, report: str) -> None:
    assert run("report", "proof", report, code=4).out == ""
    missing = ("--meter", METER, "--stamp", "2023-03-01T00:00:00+08:00")
    done = run("report", "proof", report, *missing, "--as", "enterprise", "--lang", "zh", code=3)
    assert (done.out, "此处无法出具证明" in done.err) == ("", True)
