"""`serve --workers`: fronts without a chain around one engine, killed and ended in every order."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from scripts.interpreter import command_of
from tests.park import Park

# Three interpreters that load a web server, and one a chain, take seconds to start.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WORKERS = 2
_PATIENCE_SECONDS, _LOOK_SECONDS = 120.0, 0.02


def _until(is_so: Callable[[], bool], *, what: str) -> None:
    pause = threading.Event()
    for _ in range(int(_PATIENCE_SECONDS / _LOOK_SECONDS)):
        if is_so():
            return
        pause.wait(_LOOK_SECONDS)
    raise AssertionError(f"never: {what}")


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@dataclass
class Serving:
    """A park served by several processes."""

    park: Park
    parent: subprocess.Popen[bytes]
    url: str

    def fronts(self) -> list[int]:
        """The process ids of those that answer now."""
        pid = self.parent.pid
        children = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for each in children for child in each.read_text().split()]

    def ask(self, method: str, path: str, **content: Any) -> httpx2.Response:
        """One request on a connection of its own; any front takes it."""
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=30) as client:
            return client.request(method, path, **content)

    def register(self, label: str) -> httpx2.Response:
        """A regulator's registration by a founder, waited for."""
        message = {
            "parent": "88",
            "label": label,
            "is_prefix": False,
            "kind": "regulator",
            "owner": "88",
            "record": None,
        }
        body = self.park.envelope("Registration", message, signer="founder 1")
        opened = self.ask("POST", "/v1/sessions", json=self.park.access("founder 1")).json()
        headers = {
            "Authorization": f"Bearer {opened['token']}",
            "Idempotency-Key": label.replace(".", "-"),
        }
        path = "/v1/identifiers?wait=final&wait_seconds=30"
        answer = self.ask("POST", path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer


def _start(park: Park, *, port: int = 0) -> Serving:
    told = park.directory / "service.json"
    told.unlink(missing_ok=True)
    arguments = ["serve", "--dir", park.directory, "--clock", park.clock_file]
    arguments += ["--port", port, "--workers", WORKERS]
    parent = subprocess.Popen([*command_of("scripts.cli"), *map(str, arguments)])
    _until(lambda: told.exists() or parent.poll() is not None, what="served")
    return Serving(park, parent, json.loads(told.read_text("utf-8"))["url"])


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A fresh ledger served by two fronts; ended, if the test has not done so."""
    park = Park(tmp_path / "park")
    park.close()
    serving = _start(park)
    yield serving
    if serving.parent.poll() is None:
        serving.parent.terminate()
    serving.parent.wait(_PATIENCE_SECONDS)


def test_serve_carries_an_act_when_fronts_take_it_in(serving: Serving) -> None:
    answer = serving.register("REG.310000")
    assert (answer.status_code, answer.json()["state"]) == (200, "final")
    call = {"jsonrpc": "2.0", "id": 7, "method": "eth_blockNumber", "params": []}
    number = serving.ask("POST", "/rpc", json=call).json()
    assert number == {"jsonrpc": "2.0", "id": 7, "result": hex(answer.json()["block"])}
    unknown = call | {"method": "eth_getLogs", "params": [{"topics": []}]}
    assert serving.ask("POST", "/rpc", json=unknown).json()["error"]["code"] == -32602
    ready = serving.ask("GET", "/readyz").json()
    assert (ready["ready"], ready["mirror_lag_blocks"]) == (True, 0)


def test_serve_starts_a_front_again_when_it_is_killed(serving: Serving) -> None:
    killed, other = serving.fronts()
    os.kill(killed, signal.SIGKILL)
    _until(lambda: not _is_alive(killed), what="dead")
    assert serving.register("REG.310000").json()["state"] == "final"
    _until(lambda: len(serving.fronts()) == WORKERS, what="two again")
    assert other in serving.fronts() and killed not in serving.fronts()
    os.kill(other, signal.SIGKILL)
    _until(lambda: not _is_alive(other), what="dead")
    assert serving.register("REG.320000").json()["state"] == "final"


def test_serve_frees_port_and_directory_when_the_parent_is_killed(serving: Serving) -> None:
    answer = serving.register("REG.310000")
    fronts = serving.fronts()
    serving.parent.kill()
    serving.parent.wait()
    _until(lambda: not any(map(_is_alive, fronts)), what="gone with the parent")
    port = int(serving.url.rpartition(":")[2])
    again = _start(serving.park, port=port)
    try:
        shown = again.ask("GET", answer.json()["resource"])
        assert (again.url, shown.status_code) == (serving.url, 200)
    finally:
        again.parent.terminate()
        assert again.parent.wait(_PATIENCE_SECONDS) == 0


def test_serve_ends_everything_in_order_when_it_is_told(serving: Serving) -> None:
    serving.register("REG.310000")
    fronts = serving.fronts()
    serving.parent.terminate()
    assert serving.parent.wait(_PATIENCE_SECONDS) == 0
    assert not any(map(_is_alive, fronts))
    directory = serving.park.directory
    assert not (directory / "service.json").exists()
    assert not (directory / "ledger.db-wal").exists()  # what was written is in the file itself


def test_import_front_brings_no_chain_when_its_modules_are_listed() -> None:
    program = "import scripts.front, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    loaded = set(done.stdout.split())
    assert {"api", "ledger", "uvicorn"} <= loaded
    assert not {"web3", "eth", "eth_tester"} & loaded
