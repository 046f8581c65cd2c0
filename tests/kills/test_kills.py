"""Nothing acknowledged is lost and nothing is done twice, wherever the service is killed."""

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kills.harness import Load, Victims, assert_whole, kill_at_random
from tests.kills.victim import WINDOWS
from tests.messages import allocation
from tests.park import Park, issue_quota, settle_in

# Each kill costs a start of the service and a settling load: seconds, not a test's two.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FRESH_SEED = random.SystemRandom().randrange(2**32)
# CI: 20 kills under a fixed seed and 20 under a fresh one; all of them under --heavy.
KILLS = 20
KILLS_HEAVY = 200


@pytest.fixture
def park(tmp_path: Path) -> Iterator[Park]:
    """A park whose two enterprises hold quota, closed: its directory is the victims'."""
    park = Park(tmp_path / "park")
    settle_in(park)
    issue_quota(park)
    second = allocation(account="88.111/ENT.0002")
    park.act("Allocation", second, signer="regulator")
    park.close()
    yield park


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


@pytest.mark.parametrize(
    ("seed", "kills"),
    [
        (20260101, KILLS),
        (FRESH_SEED, KILLS),
        pytest.param(FRESH_SEED + 1, KILLS_HEAVY, marks=pytest.mark.heavy),
    ],
    ids=["fixed", "fresh", "heavy"],
)
def test_restart_loses_and_repeats_nothing_when_killed_at_random(
    park: Park,
    victims: Victims,
    seed: int,
    kills: int,
    record_property: Callable[[str, object], None],
) -> None:
    load = Load(park)
    threads = load.start()
    done, hits = kill_at_random(victims, load, kills=kills, seed=seed)
    victims.start()
    _finish(load, threads)
    victims.kill()
    record_property(
        "told", f"seed {seed}: {done} kills, {len(load.acknowledged)} acknowledged, {dict(hits)}"
    )
    assert load.failures == []
    assert [window for window in WINDOWS if not hits[window]] == []
    assert_whole(park, load.acknowledged)
