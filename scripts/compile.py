"""Compiles the contracts and writes their ABI and creation code as data of the package.

`python scripts/compile.py [--check] [SOLC]`: SOLC is any solc of the version in
contracts/settings.json; without it the npm compiler works, behind scripts/solc.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import solcx

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
PRODUCT_ARTIFACTS = ROOT / "ledger" / "chain" / "artifacts"
TEST_ARTIFACTS = ROOT / "tests" / "contracts" / "artifacts"
# Forge compiles these itself; nothing else deploys them.
FORGE_TESTS = CONTRACTS / "test" / "forge"
PRODUCT = ("Identifiers", "Emissions", "Quotas")
NPM_COMPILER = ROOT / "scripts" / "solc"
_IMPORT = re.compile(r'^import .*?"([^"]+)";', re.MULTILINE | re.DOTALL)

Artifact = dict[str, Any]


def compile_contracts(solc: Path = NPM_COMPILER) -> dict[Path, Artifact]:
    """The artifact of each contract and test contract by the file it belongs in.

    Raises solcx.exceptions.SolcError when a source does not compile.
    """
    settings = json.loads((CONTRACTS / "settings.json").read_text("utf-8"))
    wanted = {"*": {"*": ["abi", "evm.bytecode.object"]}}
    job = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sorted(_sources().items())},
        "settings": settings["settings"] | {"outputSelection": wanted},
    }
    output = solcx.compile_standard(job, solc_binary=str(solc))
    version = str(solcx.wrapper.get_solc_version(str(solc)))
    if version.split("+")[0] != settings["version"]:
        raise SystemExit(f"solc {settings['version']} is wanted, {version} was given")
    return {
        path: _artifact(compiled, name=path.stem, settings=settings)
        for source, contracts in output["contracts"].items()
        for name, compiled in contracts.items()
        if (path := _path(source, name)) is not None and compiled["evm"]["bytecode"]["object"]
    }


def _sources() -> dict[str, str]:
    """All sources by the name they are imported by, those of node_modules included."""
    waiting = [
        str(path.relative_to(ROOT))
        for path in CONTRACTS.rglob("*.sol")
        if not path.is_relative_to(FORGE_TESTS)
    ]
    sources: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name in sources:
            continue
        sources[name] = _file(name).read_text("utf-8")
        waiting += [_imported(name, path) for path in _IMPORT.findall(sources[name])]
    return sources


def _file(name: str) -> Path:
    return ROOT / (name if name.startswith("contracts/") else f"node_modules/{name}")


def _imported(importing: str, path: str) -> str:
    if not path.startswith("."):
        return path
    return str((ROOT / importing).parent.joinpath(path).resolve().relative_to(ROOT)).removeprefix(
        "node_modules/"
    )


def _path(source: str, name: str) -> Path | None:
    """Where the artifact of a contract belongs; None for libraries, interfaces and imports."""
    if source == f"contracts/{name}.sol" and name in PRODUCT:
        return PRODUCT_ARTIFACTS / f"{name}.json"
    return TEST_ARTIFACTS / f"{name}.json" if source.startswith("contracts/test/") else None


def _artifact(compiled: dict[str, Any], *, name: str, settings: dict[str, Any]) -> Artifact:
    return {
        "contract": name,
        "compiler": settings["version"],
        "settings": settings["settings"],
        "abi": compiled["abi"],
        "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
    }


def text_of(artifact: Artifact) -> str:
    """An artifact as it stands in its file."""
    return json.dumps(artifact, indent=1) + "\n"


def main() -> int:
    """Write the artifacts, or with --check say which are not what the sources give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("solc", nargs="?", type=Path, default=NPM_COMPILER)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    given = parser.parse_args()
    differing = 0
    for path, artifact in compile_contracts(given.solc).items():
        text = text_of(artifact)
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        differing += 1
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
        if not given.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return 1 if given.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
