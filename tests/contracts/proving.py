"""Runs halmos and slither, which live in an environment of their own."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from scripts.compile import ROOT

TOOLS = ROOT / ".venv-prove" / "bin"
EXPLAINED = ROOT / "contracts" / "explained.json"


def _run(tool: str, *words: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    paths = [str(TOOLS), str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]]
    environment = os.environ | settings | {"PATH": os.pathsep.join(paths)}
    command = [str(TOOLS / tool), *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def prove(folder: Path, *, function: str) -> dict[str, bool]:
    """Which checks of that prefix halmos proved; raises AssertionError when it got to none."""
    told = folder / "cache" / "proofs.json"
    told.unlink(missing_ok=True)
    words = ("--no-status", "--function", function, "--json-output", str(told))
    run = _run("halmos", *words, folder=folder, FOUNDRY_PROFILE="proofs")
    assert told.is_file(), run.stdout + run.stderr
    (checks,) = json.loads(told.read_text("utf-8"))["test_results"].values()
    return {check["name"].split("(")[0]: check["exitcode"] == 0 for check in checks}


def findings(folder: Path) -> set[tuple[str, str]]:
    """Check and element of every finding of medium or high impact in the contracts themselves."""
    told = folder / "slither.json"
    ours = ["--filter-paths", "node_modules|contracts/test", "--compile-force-framework", "foundry"]
    quiet = ["--exclude-low", "--exclude-informational", "--exclude-optimization"]
    # Its build, with what else it wants from the compiler, stays apart from the tests'.
    proofs = "contracts/test/forge/proofs"
    apart = {"FOUNDRY_OUT": "cache/slither/out", "FOUNDRY_CACHE_PATH": "cache/slither"}
    apart |= {"FOUNDRY_TEST": proofs, "FOUNDRY_SCRIPT": proofs}
    run = _run("slither", ".", *ours, *quiet, "--json", str(told), folder=folder, **apart)
    assert told.is_file(), run.stdout + run.stderr
    answer: dict[str, Any] = json.loads(told.read_text("utf-8"))
    assert answer["success"], answer["error"]
    return {
        (finding["check"], _element(finding["elements"][0]))
        for finding in answer["results"].get("detectors", [])
    }


def _element(element: dict[str, Any]) -> str:
    parent = element["type_specific_fields"]["parent"]["name"]
    return f"{parent}.{element['name']}"


def explained() -> set[tuple[str, str]]:
    """Check and element of every finding that has its sentence."""
    known = json.loads(EXPLAINED.read_text("utf-8"))
    return {(one["check"], element) for one in known for element in one["elements"]}
