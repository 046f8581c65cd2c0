"""Scripted time moves forward only, whatever stands in the file; real time when it is gone."""

import time
from pathlib import Path

import pytest

from ledger.clock import RealClock, ScriptedClock

NEW_YEAR = 1_672_531_200  # 2023-01-01T00:00:00Z


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "clock"
    path.write_text("2023-01-01T00:00:00Z\n", "ascii")
    return path


def test_tell_time_gives_the_line_when_a_file_scripts_it(script: Path) -> None:
    clock = ScriptedClock(script)
    assert clock.now() == NEW_YEAR
    script.write_text("2023-01-01T09:00:00+08:00", "ascii")
    assert clock.now() == NEW_YEAR + 3600


def test_tell_time_stays_when_the_line_steps_back(script: Path) -> None:
    clock = ScriptedClock(script)
    clock.now()
    script.write_text("2022-01-01T00:00:00Z", "ascii")
    assert clock.now() == NEW_YEAR


@pytest.mark.parametrize("line", ["", "2023-0", "tomorrow"])
def test_tell_time_stays_when_the_line_is_half_written(script: Path, line: str) -> None:
    clock = ScriptedClock(script)
    clock.now()
    script.write_text(line, "ascii")
    assert clock.now() == NEW_YEAR


def test_tell_time_gives_real_time_when_the_file_is_gone(script: Path) -> None:
    clock = ScriptedClock(script)
    clock.now()
    script.unlink()
    assert abs(clock.now() - time.time()) < 60


def test_tell_time_never_falls_back_when_the_file_said_the_future(script: Path) -> None:
    clock = ScriptedClock(script)
    script.write_text("2999-01-01T00:00:00Z", "ascii")
    future = clock.now()
    script.unlink()
    assert clock.now() == future


@pytest.mark.parametrize("parent", [0, NEW_YEAR - 1, NEW_YEAR, NEW_YEAR + 5])
def test_time_block_gives_a_second_after_the_parent_when_time_is_scripted(
    script: Path, parent: int
) -> None:
    assert ScriptedClock(script).block_time(parent) == max(NEW_YEAR, parent + 1)


def test_time_block_waits_when_the_parent_is_not_past_in_real_time() -> None:
    assert RealClock().block_time(2**40) is None


def test_time_block_gives_now_when_the_parent_is_past_in_real_time() -> None:
    assert abs((RealClock().block_time(0) or 0) - time.time()) < 60
