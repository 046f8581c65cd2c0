"""Runs forge in a copy of the contracts, so that a mutant never touches the sources."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.compile import ROOT

FORGE = ROOT / "node_modules" / ".bin" / "forge"
MUTANTS = ROOT / "contracts" / "test" / "mutants"
# In the order of Verb in contracts/test/forge/Acts.sol.
VERBS = (
    *("register", "setRecord", "addKey", "endKey", "setStanding", "accredit", "assign"),
    *("declareTie", "anchor", "report", "attest", "confirm", "reopen", "setCap", "setRule"),
    *("allocate", "transfer", "surrender", "cancel", "oblige", "move", "replay"),
)
_TEST = ("contracts/test/forge/Invariants.t.sol:Invariants", "invariant_nothing_is_broken()")


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """How a campaign ended: the invariant that broke ("" for none) and (calls, successes)."""

    broken: str
    tally: Mapping[str, tuple[int, int]]


class Workshop:
    """One copy of the contracts with forge's cache, mutated and mended in turn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "scripts").mkdir()
        shutil.copy(ROOT / "scripts" / "solc", folder / "scripts" / "solc")
        for name in ("foundry.toml", "halmos.toml"):
            shutil.copy(ROOT / name, folder / name)
        shutil.copytree(ROOT / "contracts", folder / "contracts")
        (folder / "node_modules").symlink_to(ROOT / "node_modules")

    def fuzz(self, **settings: str) -> Fuzzed:
        """Run the invariants; raises AssertionError when forge did not get to them."""
        tally = self.folder / "cache" / "forge" / "tally.jsonl"
        tally.unlink(missing_ok=True)
        run = subprocess.run(
            [FORGE, "test", "--json"],
            cwd=self.folder,
            env=os.environ | settings,
            capture_output=True,
            text=True,
        )
        assert run.stdout.startswith("{"), run.stdout + run.stderr
        result: Any = json.loads(run.stdout)
        for name in (_TEST[0], "test_results", _TEST[1]):
            result = result[name]
        lines = tally.read_text("utf-8").splitlines() if tally.is_file() else []
        passed = result["status"] == "Success"
        return Fuzzed(
            "" if passed else result["reason"], _sum([json.loads(line) for line in lines])
        )

    def mutate(self, patch: Path, *, back: bool = False) -> None:
        """Apply a patch, or take it back; raises CalledProcessError when it does not fit."""
        reverse = ["--reverse"] if back else []
        subprocess.run(["git", "apply", *reverse, patch], cwd=self.folder, check=True)


def _sum(runs: list[list[tuple[int, int]]]) -> dict[str, tuple[int, int]]:
    return {
        verb: (sum(run[place][0] for run in runs), sum(run[place][1] for run in runs))
        for place, verb in enumerate(VERBS)
    }


def breaks(patch: Path) -> str:
    """The invariant that a mutant was planted for."""
    return patch.read_text("utf-8").splitlines()[0].removeprefix("Breaks: ")
