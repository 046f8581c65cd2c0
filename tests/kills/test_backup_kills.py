"""A backup or a restore that is killed at any moment leaves nothing that looks whole."""

import random
import shutil
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from ledger.backup.restoration import restore
from ledger.backup.snapshot import back_up
from ledger.clock import RealClock
from ledger.errors import DirectoryEmpty, RestoreUnfinished
from ledger.opening import opened
from ledger.settings import Settings
from tests.park import Park, settle_in

# A dozen kills each, and what was left is opened: seconds, not a test's two.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KILLS = 12
# Forked: what a verb loads takes longer than what it does.
_FORK = get_context("fork")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped ledger of some blocks."""
    park = Park(tmp_path_factory.mktemp("killed") / "ledger")
    settle_in(park)
    park.close()
    return park.directory


def killed_after(seconds: float, work: Callable[[], object]) -> bool:
    """Do this in a process of its own and kill it that long after; whether it was at work."""
    process = _FORK.Process(target=work)
    process.start()
    process.join(seconds)
    is_alive = process.is_alive()
    process.kill()
    process.join()
    return is_alive


def test_backup_leaves_no_archive_when_it_is_killed_at_any_time(
    ledger: Path, tmp_path: Path
) -> None:
    moments = random.Random(20260101)
    killed = 0
    for number in range(KILLS):
        archive = tmp_path / f"archive {number}"
        work = partial(back_up, Settings(ledger), archive, clock=RealClock())
        killed += killed_after(moments.uniform(0, 0.3), work)
        if archive.exists():  # then it is whole, however late the kill came
            restore(archive, Settings(tmp_path / f"restored {number}"), clock=RealClock())
    assert killed
    back_up(Settings(ledger), tmp_path / "archive", clock=RealClock())


def test_restore_leaves_nothing_to_serve_when_it_is_killed_at_any_time(
    ledger: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    back_up(Settings(ledger), archive, clock=RealClock())
    moments = random.Random(20260102)
    refused = 0
    for number in range(KILLS):
        target = Settings(tmp_path / f"restored {number}")
        work = partial(restore, archive, target, clock=RealClock())
        killed_after(moments.uniform(0, 0.3), work)
        if (target.directory / "ledger.db").exists():
            with opened(target):
                pass
            shutil.rmtree(target.directory)
            continue
        refused += 1
        with pytest.raises((DirectoryEmpty, RestoreUnfinished)), opened(target):
            pass
        if target.restoring.exists():
            with pytest.raises(RestoreUnfinished):
                restore(archive, target, clock=RealClock())
            shutil.rmtree(target.directory)  # the way out that the refusal tells
    assert refused
    restore(archive, target, clock=RealClock())
