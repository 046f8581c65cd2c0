"""Nothing acknowledged is lost and nothing is done twice, wherever the service is killed."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.fields import time_text
from ledger.settings import Connections
from scripts.anvil import anvil
from tests.goals import Tell, goal_line
from tests.kills.harness import Load, Victims, assert_whole, kill_at_random
from tests.kills.victim import WINDOWS, WINDOWS_OF_RPC
from tests.messages import allocation
from tests.park import Park, issue_quota, settle_in

# Each kill costs a start of the service and a settling load: seconds, not a test's two.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

FRESH_SEED = random.SystemRandom().randrange(2**32)
# CI: a fixed seed; under --heavy a fresh one, and all of them.
KILLS = 12
KILLS_HEAVY = 1_000


def _settled(park: Park) -> Park:
    """Two enterprises that hold quota; closed, since the directory is the victims'."""
    settle_in(park)
    issue_quota(park)
    second = allocation(account="88.111/ENT.0002")
    park.act("Allocation", second, signer="regulator")
    park.close()
    return park


@pytest.fixture
def park(tmp_path: Path) -> Park:
    """On the embedded chain."""
    return _settled(Park(tmp_path / "park"))


@pytest.fixture
def rpc_park(tmp_path: Path, database: str) -> Iterator[Park]:
    """On a chain elsewhere with its tables in PostgreSQL."""
    with anvil(block_seconds=1) as node:
        connections = Connections(rpc_url=node.url, database_url=database, finality_depth=1)
        now = time_text(int(time.time()))
        yield _settled(Park(tmp_path / "park", connections=connections, start=now))


@pytest.fixture
def victims(park: Park) -> Iterator[Victims]:
    victims = Victims(park.directory)
    yield victims
    victims.end()


@pytest.mark.parametrize("window", WINDOWS)
def test_restart_loses_and_repeats_nothing_when_killed_in_a_window(
    park: Park, victims: Victims, window: str
) -> None:
    victims.start(fatal=window)
    load = Load(park)
    threads = load.start()
    victims.wait_until_dead()
    victims.start()
    _finish(load, threads)
    victims.kill()
    assert load.failures == []
    assert_whole(park, load.acknowledged)


def _finish(load: Load, threads: list[threading.Thread]) -> None:
    """Let the clients have some more acknowledged, then stop them."""
    load.wait_for_more(10)
    load.stopping.set()
    for thread in threads:
        thread.join()


SLICES = pytest.mark.parametrize(
    ("seed", "kills"),
    [
        (20260101, KILLS),
        pytest.param(FRESH_SEED, KILLS_HEAVY, marks=pytest.mark.heavy),
    ],
    ids=["fixed", "heavy"],
)


@SLICES
def test_restart_loses_and_repeats_nothing_when_killed_at_random(
    park: Park, victims: Victims, seed: int, kills: int, tell: Tell
) -> None:
    tell(_kill(park, victims, "kills_embedded", kills=kills, seed=seed, windows=WINDOWS))


@SLICES
@pytest.mark.anvil
def test_restart_loses_and_repeats_nothing_when_killed_on_a_chain_elsewhere(
    rpc_park: Park, seed: int, kills: int, tell: Tell
) -> None:
    victims = Victims(rpc_park.directory)
    try:
        goal = "kills_rpc_postgresql"
        tell(_kill(rpc_park, victims, goal, kills=kills, seed=seed, windows=WINDOWS_OF_RPC))
    finally:
        victims.end()


def _kill(
    park: Park, victims: Victims, goal: str, *, kills: int, seed: int, windows: tuple[str, ...]
) -> dict[str, Any]:
    started = time.monotonic()
    load = Load(park)
    threads = load.start()
    done, hits = kill_at_random(victims, load, kills=kills, seed=seed, windows=windows)
    victims.start()
    _finish(load, threads)
    victims.kill()
    assert load.failures == []
    if kills >= KILLS_HEAVY:  # a dozen may miss a short one: each has a test of its own
        assert [window for window in windows if not hits[window]] == []
    assert_whole(park, load.acknowledged)
    return goal_line(
        goal, seed=seed, n=done, violations=0, started=started,
        acknowledged=len(load.acknowledged), windows=dict(hits),
    )  # fmt: skip
