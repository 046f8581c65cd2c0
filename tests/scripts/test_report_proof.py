"""`carbonledger report proof`: from a service over HTTP to a file, to a lone checker."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.app import create_app
from tests.api.conftest import served
from tests.api.held import HeldPark
from tests.api.proven import OTHER_SIGNER, SIGNER, STAMP, prove
from tests.api.test_documents import METER
from tests.api.world import World
from tests.house.source_tree import ROOT

READING = ("--reading", METER, STAMP)


@dataclass(frozen=True, slots=True)
class Served:
    """A service with a proven report, and the world behind it."""

    url: str
    report: str
    world: World

    @property
    def token(self) -> str:
        return self.world.park.token(SIGNER)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    world = World(HeldPark(tmp_path_factory.mktemp("served") / "park"))
    report = prove(world)
    with served(create_app(world.park.ledger)) as url:
        yield Served(url, report, world)
    world.park.close()


def _run(*arguments: str, code: int = 0, **environment: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "scripts.cli", "report", "proof", *arguments],
        cwd=ROOT,
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
        text=True,
        capture_output=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.mark.slow  # two processes beside a service
def test_prove_report_is_checked_by_one_file_when_it_came_over_http(
    service: Served, tmp_path: Path
) -> None:
    token = {"CARBONLEDGER_TOKEN": service.token, "CARBONLEDGER_URL": service.url}
    (tmp_path / "proof.json").write_text(_run(service.report, *READING, **token).stdout, "utf-8")
    shutil.copy(ROOT / "scripts" / "check_proof.py", tmp_path)
    keys = [service.world.address(name) for name in (SIGNER, OTHER_SIGNER)]
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


@pytest.mark.slow  # a process beside a service
def test_prove_report_tells_the_service_by_its_directory_when_no_url_is_given(
    service: Served, tmp_path: Path
) -> None:
    (tmp_path / "service.json").write_text(json.dumps({"url": service.url, "pid": 1}), "utf-8")
    (tmp_path / "token").write_text(service.token + "\n", "utf-8")
    done = _run(service.report, "--dir", str(tmp_path), "--token-file", str(tmp_path / "token"))
    assert json.loads(done.stdout)["reading"] is None


@pytest.mark.slow  # two processes beside a service
def test_prove_report_writes_nothing_when_the_service_refuses(service: Served) -> None:
    done = _run(service.report, "--url", service.url, code=3, CARBONLEDGER_TOKEN="")
    assert (done.stdout, "ResourceUnknown" in done.stderr) == ("", True)
    token = {"CARBONLEDGER_TOKEN": service.token, "LC_ALL": "zh_CN.UTF-8"}
    missing = ("--reading", METER, "2023-03-01T00:00:00+08:00")
    done = _run(service.report, *missing, "--url", service.url, code=3, **token)
    assert (done.stdout, "此处无法出具证明" in done.stderr) == ("", True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "ftp://127.0.0.1"])
def test_prove_report_says_try_again_when_no_service_answers(url: str) -> None:
    done = _run("0x12", "--url", url, code=5)
    assert (done.stdout, "ServiceUnreachable" in done.stderr) == ("", True)


def test_prove_report_is_usage_when_nobody_serves_the_directory(tmp_path: Path) -> None:
    done = _run("0x12", "--dir", str(tmp_path), code=2, CARBONLEDGER_URL="")
    assert "--url" in done.stderr
