"""The story's time moves forward only, and ends."""

from pathlib import Path

import pytest

from scripts.park_year.scripted_time import ScriptedTime


def test_move_time_writes_the_line_whole_when_it_goes_forward(tmp_path: Path) -> None:
    time = ScriptedTime(tmp_path / "clock", 1_700_000_000)
    time.move_to(1_700_003_600)
    assert (tmp_path / "clock").read_text("ascii") == "2023-11-14T23:13:20Z\n"
    assert [path.name for path in tmp_path.iterdir()] == ["clock"]


def test_move_time_is_our_mistake_when_it_goes_back(tmp_path: Path) -> None:
    time = ScriptedTime(tmp_path / "clock", 1_700_000_000)
    with pytest.raises(AssertionError, match="forward"):
        time.move_to(1_699_999_999)


def test_end_time_takes_the_file_away_when_real_time_goes_on(tmp_path: Path) -> None:
    time = ScriptedTime(tmp_path / "clock", 1_700_000_000)
    time.end()
    assert list(tmp_path.iterdir()) == []
