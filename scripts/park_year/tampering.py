"""One figure changed behind everybody's back in SQL: found by name, healed from the chain."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.park_year.processes import run_verb
from scripts.park_year.refusals import DemoRefused

TABLE, COLUMN = "emission_reported", "indirect_grams"
TAKEN_GRAMS = 100_000_000  # a hundred tonnes talked away
_EQUAL, _DIFFERENT = 0, 6  # exit statuses of `mirror reconcile`


@dataclass(frozen=True, slots=True)
class Tampering:
    """What reconcile said of the changed row, and what it said once the mirror was rebuilt."""

    key: str
    mirror_grams: int
    chain_grams: int
    is_found: bool
    is_healed: bool


def tamper(directory: Path, report: str) -> Tampering:
    """Change a report's figure in the served mirror, look for it, rebuild, look again."""
    before, after = _change_figure(_served_mirror(directory), bytes.fromhex(report[2:]))
    status, told = _reconcile(directory)
    rows = [one for one in told["differences"] if one["table"] == TABLE]
    is_found = status == _DIFFERENT and len(told["differences"]) == 1 and _names(rows, after)
    run_verb(["mirror", "rebuild", "--dir", str(directory)])
    status, told = _reconcile(directory)
    return Tampering(
        key=str(rows[0]["key"]) if rows else "",
        mirror_grams=after,
        chain_grams=before,
        is_found=is_found,
        is_healed=status == _EQUAL and told["equal"],
    )


def _names(rows: list[dict[str, Any]], changed: int) -> bool:
    """Whether the one row is the changed one."""
    return [(row["columns"], row["mirror"][COLUMN]) for row in rows] == [([COLUMN], changed)]


def _reconcile(directory: Path) -> tuple[int, Any]:
    arguments = ["mirror", "reconcile", "--dir", str(directory)]
    return run_verb(arguments, statuses=(_EQUAL, _DIFFERENT))


def _served_mirror(directory: Path) -> Path:
    """The mirror file of the highest generation."""
    files = directory.glob("mirror-*.db")
    return max(files, key=lambda path: int(path.stem.removeprefix("mirror-")))


def _change_figure(mirror: Path, report: bytes) -> tuple[int, int]:
    """The figure before and after, in grams."""
    with closing(sqlite3.connect(mirror, timeout=10)) as connection, connection:
        before = connection.execute(
            "SELECT indirect_grams FROM emission_reported WHERE id = ?", (report,)
        ).fetchone()
        if before is None:
            raise DemoRefused("RowMissing", path=str(mirror))
        after = abs(before[0] - TAKEN_GRAMS)
        connection.execute(
            "UPDATE emission_reported SET indirect_grams = ? WHERE id = ?", (after, report)
        )
    return before[0], after
