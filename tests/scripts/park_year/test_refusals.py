"""What the verb refuses before it makes anything."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import typer

from ledger.evidence.readings import ReadingsMalformed
from scripts.commands.demo import demo


def _daily_file(path: Path, year: int) -> Path:
    """Every day of a year, one kilowatt-hour each."""
    first = date(year, 1, 1)
    days = (date(year + 1, 1, 1) - first).days
    lines = [f"{first + timedelta(days=day)}T00:00:00+08:00,1" for day in range(days)]
    path.write_text("\n".join(["stamp,quantity", *lines, ""]), "ascii")
    return path


def _play(readings: Path, directory: Path) -> None:
    demo(once=True, readings=readings, as_json=True, directory=directory, reset=False)


def test_play_is_refused_with_nothing_made_when_the_following_year_is_not_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _daily_file(tmp_path / "far.csv", 2990)
    with pytest.raises(typer.Exit) as ended:
        _play(file, tmp_path / "demo")
    told = capsys.readouterr()
    assert ended.value.exit_code == 3
    assert told.out == ""
    assert '"code": "YearNotOver"' in told.err
    assert "2991, which is not over" in told.err
    assert not (tmp_path / "demo").exists()


def test_play_is_refused_with_nothing_made_when_the_file_has_a_gap(tmp_path: Path) -> None:
    file = _daily_file(tmp_path / "gap.csv", 2021)
    lines = file.read_text("ascii").splitlines()
    file.write_text("\n".join([*lines[:40], *lines[41:], ""]), "ascii")
    with pytest.raises(ReadingsMalformed) as refused:
        _play(file, tmp_path / "demo")
    assert (refused.value.code, refused.value.facts) == (
        "ReadingsMalformed",
        {"reason": "gap", "line": 41},
    )
    assert not (tmp_path / "demo").exists()


def test_play_is_refused_with_nothing_made_when_the_file_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        _play(tmp_path / "none.csv", tmp_path / "demo")
    assert ended.value.exit_code == 3
    assert '"code": "FileUnreadable"' in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_play_is_refused_when_a_ledger_lies_in_the_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, directory = _daily_file(tmp_path / "year.csv", 2021), tmp_path / "demo"
    directory.mkdir()
    (directory / "ledger.db").write_bytes(b"ledger")
    with pytest.raises(typer.Exit) as ended:
        _play(file, directory)
    assert ended.value.exit_code == 3
    assert '"code": "DirectoryNotEmpty"' in capsys.readouterr().err
    assert [path.name for path in directory.iterdir()] == ["ledger.db"]
