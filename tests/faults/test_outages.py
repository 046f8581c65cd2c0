"""Node, database and disk away under load: nothing acknowledged is lost, nothing is restarted."""

import os
import resource
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.fields import time_text
from ledger.settings import Connections
from scripts.anvil import Anvil, anvil
from scripts.postgres import fresh_database, killable_server
from tests.faults.proxy import Faults, Proxy, proxy_to
from tests.faults.service import Service
from tests.faults.test_several_services import registrations
from tests.goals import Tell, goal_line
from tests.park import Park
from tests.recorded import events_by_id, reader_of

pytestmark = [pytest.mark.anvil, pytest.mark.slow]  # an outage, and the load before and after it

SECONDS, SECONDS_HEAVY = 3.0, 60.0
_PER_SECOND = 25
_RECOVERY_SECONDS = 10.0
_PROMISED, _AWAY = 202, 503


@dataclass
class Load:
    """Acts posted at a steady rate, each until it is acknowledged; what was answered and when."""

    park: Park
    url: str
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[tuple[float, str]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=30) as client:
            number = 0
            while not self.stopping.wait(1 / _PER_SECOND):
                (body,) = registrations(self.park, 1, prefix=f"L{number}X")
                number += 1
                while not self._is_taken(client, body) and not self.stopping.wait(0.1):
                    pass

    def _is_taken(self, client: httpx2.Client, body: dict[str, Any]) -> bool:
        act = self.park.id_of("Registration", body["message"])
        headers = {"Idempotency-Key": act[2:50]} | self.park.headers("founder 1")
        answer = client.post("/v1/identifiers", json=body, headers=headers)
        self.statuses[answer.status_code] += 1
        if answer.status_code == _PROMISED:
            self.acknowledged.append((time.monotonic(), act))
            return True
        return False


@contextmanager
def served(park: Park) -> Iterator[Service]:
    """A service of the park's own directory."""
    park.headers("founder 1")
    park.close()
    service = Service(park.directory, "--clock", str(park.clock_file))
    try:
        yield service
    finally:
        service.end()


def survive(
    park: Park, goal: str, *, seconds: float, take: Callable[[int], object], give: Callable[[], Any]
) -> dict[str, Any]:
    """Take something away for so long under load and give it back; what was wrong afterwards."""
    started = time.monotonic()
    wait = threading.Event().wait
    with served(park) as service:
        load = Load(park, service.url())
        thread = threading.Thread(target=load.run, daemon=True)
        thread.start()
        wait(2.0)
        take(service.pid)
        wait(seconds)
        given = time.monotonic()
        give()
        wait(_RECOVERY_SECONDS / 2)
        load.stopping.set()
        thread.join()
        service.require_running()
    back = [at - given for at, _ in load.acknowledged if at > given]
    park.open()
    park.settle()
    counts = events_by_id(reader_of(park))
    park.close()
    wrong = Counter(counts[act] for _, act in load.acknowledged)
    del wrong[1]
    recovered = min(back, default=float("inf"))
    violations = wrong.total() + (recovered > _RECOVERY_SECONDS)
    violations += sum(n for status, n in load.statuses.items() if status not in (_PROMISED, _AWAY))
    return goal_line(
        goal, seed=0, n=len(load.acknowledged), violations=violations, started=started,
        away_seconds=seconds, recovered_after_seconds=round(recovered, 2),
        statuses={str(status): count for status, count in load.statuses.items()},
    )  # fmt: skip


LENGTHS = pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(SECONDS, marks=pytest.mark.timeout(120)),
        pytest.param(SECONDS_HEAVY, marks=[pytest.mark.heavy, pytest.mark.timeout(600)]),
    ],
)


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with anvil(block_seconds=1) as running:
        yield running


def made(directory: Path, url: str, database: str | None) -> Park:
    connections = Connections(rpc_url=url, database_url=database, finality_depth=1)
    return Park(directory, connections=connections, start=time_text(int(time.time())))


@LENGTHS
@pytest.mark.parametrize(
    "fault",
    [
        "reset",
        "black_hole",
        *(
            pytest.param(one, marks=pytest.mark.heavy)
            for one in ("drop_reply", "partial", "latency")
        ),
    ],
)
def test_serve_goes_on_when_the_node_was_away(
    chain: Anvil, tmp_path: Path, tell: Tell, seconds: float, fault: str
) -> None:
    with proxy_to(chain.port) as proxy:
        park = made(tmp_path / "park", proxy.url, None)
        told = survive(
            park, f"node_{fault}", seconds=seconds, take=_break(proxy, fault), give=proxy.heal
        )
    tell(told)
    assert told["violations"] == 0, told


def _break(proxy: Proxy, fault: str) -> Callable[[int], object]:
    def take(_pid: int) -> None:
        proxy.faults = Faults(transport=fault)

    return take


@LENGTHS
def test_serve_goes_on_when_the_database_was_killed(
    chain: Anvil, tmp_path: Path, tell: Tell, seconds: float
) -> None:
    with killable_server() as server, fresh_database(server.url) as database:
        park = made(tmp_path / "park", chain.url, database)
        told = survive(
            park,
            "database_killed",
            seconds=seconds,
            take=lambda _pid: os.kill(server.pid, signal.SIGKILL),
            give=server.start,
        )
    tell(told)
    assert told["violations"] == 0, told


@LENGTHS
def test_serve_goes_on_when_the_disk_took_no_more(
    tmp_path: Path, tell: Tell, seconds: float
) -> None:
    """The kernel lets none of the process's files grow: what a full disk does to it."""
    pids: list[int] = []

    def take(pid: int) -> None:
        pids.append(pid)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def give() -> None:
        limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(pids[0], resource.RLIMIT_FSIZE, limits)

    park = Park(tmp_path / "park")
    told = survive(park, "disk_full", seconds=seconds, take=take, give=give)
    tell(told)
    assert told["violations"] == 0, told
    assert told["statuses"].get(str(_AWAY), 0) > 0, "the disk was never full"
