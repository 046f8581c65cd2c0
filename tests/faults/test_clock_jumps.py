"""A machine's clock that jumps: no act refused that is in time, none taken that is not."""

import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.fields import time_text
from ledger.clock import MACHINE
from ledger.local_engine import local_ledger
from ledger.settings import Connections, Settings
from scripts.anvil import Anvil, anvil
from scripts.interpreter import command_of
from tests.goals import Tell, goal_line
from tests.ledger.set_machine import SetMachine
from tests.park import CARRIER, PLENTY, Park

pytestmark = pytest.mark.slow  # a second a block, and tens of them

FRESH_SEED = random.SystemRandom().randrange(2**32)
STEPS, STEPS_HEAVY = 25, 500
HOUR, DAY = 3600, 86_400
_AHEAD = (-2 * DAY, -HOUR, 0, HOUR, 2 * DAY)  # where the machine's clock jumps to
_SLEEPS = (30, HOUR, 7 * HOUR)
_MARGIN_SECONDS = 10  # between two readings of one time
_DEADLINE = "SignatureExpired"


class JumpPark(Park):
    """A park in real time, on a machine whose clock is set; `truth` is what time it is."""

    def __init__(
        self, directory: Path, machine: SetMachine, *, connections: Connections | None = None
    ) -> None:
        self.machine = machine
        self.offset = machine.wall - machine.steady
        super().__init__(directory, connections=connections, start=time_text(int(machine.wall)))

    def open(self) -> None:
        settings = Settings(self.directory)
        machine = self.machine.machine
        self.ledger = local_ledger(settings, keys=self.service_keys, machine=machine)
        self.ledger.start()
        app = create_app(self.ledger, PLENTY)
        self.http = TestClient(app, raise_server_exceptions=False)

    def truth(self) -> int:
        """The time of who sealed the chain from its start: a jump is taken over there alone."""
        return int(self.machine.machine.steady() + self.offset)

    def sleep(self, seconds: int) -> None:
        self.machine.sleep(seconds)

    def restart(self) -> None:
        self.close()
        wall, steady = self.machine.machine.wall(), self.machine.machine.steady()
        self.open()
        self.offset = max(wall, self.head_time()) - steady

    def head_time(self) -> int:
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber"}
        answer = self.http.post("/rpc", json=call | {"params": ["latest", False]}).json()
        return int(answer["result"]["timestamp"], 16)

    def in_hours(self, hours: float) -> str:
        return time_text(int(self.truth() + hours * HOUR))


class ElsewherePark(JumpPark):
    """The same on anvil, whose clock is right, and whose blocks alone say what time it is."""

    def __init__(self, directory: Path, machine: SetMachine, node: Anvil) -> None:
        self.node = node
        connections = Connections(rpc_url=node.url, finality_depth=1)
        super().__init__(directory, machine, connections=connections)

    def truth(self) -> int:
        return int(self.node.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def sleep(self, seconds: int) -> None:
        self.machine.sleep(seconds)
        self.node.ask("evm_increaseTime", hex(seconds))
        height = self.node.height()
        while self.node.height() == height:
            threading.Event().wait(0.05)

    def restart(self) -> None:
        self.close()
        self.open()


@dataclass
class Walk:
    """Steps at random, and what of them went against the rule."""

    park: JumpPark
    random: random.Random
    taken: list[str] = field(default_factory=list)
    sessions: list[tuple[str, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    count: int = 0
    ahead: int = 0

    def run(self, steps: int) -> None:
        moves = (self.jump, self.begin_anew, self.sleep, self.late, self.enter)
        for _ in range(steps):
            self.random.choice(moves)()
            self.in_time()
            self.use_sessions()
        self.park.settle()
        states = {act: self.park.get(f"/v1/submissions/{act}")["state"] for act in self.taken}
        self.wrong += [f"{act} {state}" for act, state in states.items() if state != "final"]

    def jump(self) -> None:
        ahead = self.random.choice(_AHEAD)
        self.park.machine.jump(ahead - self.ahead)
        self.ahead = ahead

    def sleep(self) -> None:
        self.park.settle()  # what runs out on its way was rightly taken and is rightly refused
        self.park.sleep(self.random.choice(_SLEEPS))

    def begin_anew(self) -> None:
        self.jump()
        self.park.settle()
        self.park.restart()

    def in_time(self) -> None:
        seconds = self.random.choice((60, 60, HOUR, DAY))
        answer, act = self._post(self.park.truth() + seconds)
        if answer.status_code == 202:
            self.taken.append(act)
        else:
            self.wrong.append(f"refused with {seconds} s left: {answer.text}")

    def late(self) -> None:
        seconds = self.random.choice((_MARGIN_SECONDS, HOUR, 2 * DAY))
        answer, _ = self._post(self.park.truth() - seconds)
        if answer.json().get("code") != _DEADLINE:
            self.wrong.append(f"{seconds} s late: {answer.text}")

    def enter(self) -> None:
        answer = self.park.http.post("/v1/sessions", json=self.park.access(CARRIER))
        told = answer.json()
        if not answer.is_success:
            self.wrong.append(f"no session: {told}")
            return
        ends = int(datetime.fromisoformat(told["expires_at"]).timestamp())
        self.sessions.append((told["token"], ends))
        if abs(ends - self.park.truth() - 12 * HOUR) > _MARGIN_SECONDS:
            self.wrong.append(f"a session until {told['expires_at']}")

    def use_sessions(self) -> None:
        now = self.park.truth()
        for token, ends in self.sessions[-5:]:
            headers = {"Authorization": f"Bearer {token}"}
            status = self.park.http.get("/v1/assets", headers=headers).status_code
            left = ends - now
            if abs(left) > _MARGIN_SECONDS and status != (200 if left > 0 else 401):
                self.wrong.append(f"a session with {left} s left: {status}")

    def _post(self, deadline: int) -> tuple[httpx2.Response, str]:
        self.count += 1
        message = {
            "parent": "88", "label": f"J{self.count}", "is_prefix": False, "kind": "source",
            "owner": "88", "record": None, "deadline": time_text(deadline),
        }  # fmt: skip
        body = self.park.envelope("Registration", message, signer=CARRIER)
        answer = self.park.post("Registration", body, wait=False)
        return answer, self.park.id_of("Registration", body["message"])


SLICES = pytest.mark.parametrize(
    ("seed", "steps"),
    [
        pytest.param(20260101, STEPS, marks=pytest.mark.timeout(180)),
        pytest.param(
            FRESH_SEED, STEPS_HEAVY, marks=[pytest.mark.heavy, pytest.mark.timeout(10_800)]
        ),
    ],
    ids=["fixed", "heavy"],
)


def _walked(park: JumpPark, seed: int, steps: int, profile: str) -> dict[str, Any]:
    started = time.monotonic()
    walk = Walk(park, random.Random(seed))
    walk.run(steps)
    park.close()
    return goal_line(
        "clock_jumps", seed=seed, n=walk.count, violations=len(walk.wrong), started=started,
        profile=profile, first=walk.wrong[:3],
    )  # fmt: skip


@SLICES
def test_accept_judges_by_the_chains_time_when_the_machines_clock_jumps(
    tmp_path: Path, tell: Tell, seed: int, steps: int
) -> None:
    machine = SetMachine(MACHINE.wall(), beside=MACHINE)
    told = _walked(JumpPark(tmp_path / "park", machine), seed, steps, "embedded")
    tell(told)
    assert told["violations"] == 0, told


@SLICES
@pytest.mark.anvil
def test_accept_judges_by_the_chains_time_when_it_is_elsewhere_and_the_clock_jumps(
    tmp_path: Path, tell: Tell, seed: int, steps: int
) -> None:
    machine = SetMachine(MACHINE.wall(), beside=MACHINE)
    with anvil(block_seconds=1) as node:
        park = ElsewherePark(tmp_path / "park", machine, node)
        told = _walked(park, seed, steps, "rpc")
    tell(told)
    assert told["violations"] == 0, told


@contextmanager
def _served_with_a_set_clock(park: Park, setting: Path) -> Iterator[str]:
    """The park's directory behind a process whose machine's clock that file sets: its URL."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    words = [*command_of("scripts.cli"), "serve", "--dir", str(park.directory), "--port", "0"]
    faked = {"FAKETIME_TIMESTAMP_FILE": str(setting), "FAKETIME_NO_CACHE": "1"}
    # What passes on a machine does not jump with its clock.
    faked |= {"LD_PRELOAD": str(library), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, env=os.environ | faked)
    file = park.directory / "service.json"
    try:
        while not file.exists():
            assert process.poll() is None, "the service ended"
            threading.Event().wait(0.05)
        yield json.loads(file.read_text("utf-8"))["url"]
    finally:
        process.terminate()
        process.wait()


@pytest.mark.anvil
@pytest.mark.faketime
@pytest.mark.parametrize("days", [(2, -2), (-2, 2)])
def test_serve_judges_by_the_chains_time_when_its_process_has_another(
    tmp_path: Path, days: tuple[int, int]
) -> None:
    with anvil(block_seconds=1) as node:
        machine = SetMachine(MACHINE.wall(), beside=MACHINE)
        park = ElsewherePark(tmp_path / "park", machine, node)
        headers = park.headers(CARRIER)
        park.close()
        walk, off = Walk(park, random.Random(1)), []
        setting = tmp_path / "faketimerc"
        setting.write_text(f"{days[0]:+}d", "ascii")
        with (
            _served_with_a_set_clock(park, setting) as url,
            httpx2.Client(base_url=url, trust_env=False, headers=headers, timeout=30) as client,
        ):
            park.http = cast("TestClient", client)
            for number in days:  # the first from the start, the second while it serves
                setting.write_text(f"{number:+}d", "ascii")
                for step in (walk.in_time, walk.late, walk.enter, walk.use_sessions):
                    step()
                off.append(round(park.get("/readyz")["clock_off_seconds"] / DAY))
            walk.run(0)
    assert (walk.wrong, tuple(off)) == ([], days)
