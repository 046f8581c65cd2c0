"""The files of this repository as the house rules see them, and who imports whom."""

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("identity", "ledger", "api", "scripts")
# Written by a program; the program's own check holds them up to date.
GENERATED = {"ledger/chain/bindings.py": "scripts/bind.py"}
_NOT_OURS = {"node_modules", "__pycache__", "cache", "vendored"}
_CODE_SUFFIXES = {".py", ".sol", ".js", ".toml", ".sh", ""}


def _is_ours(directory: str) -> bool:
    if directory == ".ci":
        return True
    return directory not in _NOT_OURS and directory[0] != "." and directory[-9:] != ".egg-info"


@cache
def text_files() -> dict[str, str]:
    """Every text file of the repository by its path from the root."""
    found = {}
    for folder, directories, names in os.walk(ROOT):
        directories[:] = sorted(filter(_is_ours, directories))
        for path in (Path(folder, name) for name in sorted(names)):
            try:
                found[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8")
            except UnicodeDecodeError:
                continue
    return found


def code_files() -> dict[str, str]:
    """Hand-written code by path: Python, Solidity, JavaScript, shell, settings."""
    return {
        path: text
        for path, text in text_files().items()
        if Path(path).suffix in _CODE_SUFFIXES
        and not Path(path).name.startswith((".", "LICENSE"))
        and path not in GENERATED
    }


def python_files() -> dict[str, str]:
    """Python files by path, tests and generated ones included."""
    return {path: text for path, text in text_files().items() if path.endswith(".py")}


@cache
def parsed(path: str) -> ast.Module:
    """The syntax tree of one Python file."""
    return ast.parse(text_files()[path], filename=path)


def module_name(path: str) -> str:
    """`ledger.chain` for ledger/chain/__init__.py, `ledger.clock` for ledger/clock.py."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def modules() -> dict[str, str]:
    """Path by module name, of the floors only."""
    return {module_name(path): path for path in python_files() if path.split("/")[0] in FLOORS}


def imported_names(path: str) -> Iterator[str]:
    """Every dotted name that the file imports, `a.b.c` for `from a.b import c`."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _owner(name: str) -> str:
    """Our module that a dotted name lies in, or the foreign package."""
    candidate = name
    while candidate:
        if candidate in modules():
            return candidate
        candidate = candidate.rpartition(".")[0]
    return name.split(".")[0]


@cache
def imports() -> dict[str, frozenset[str]]:
    """What each of our modules imports: our modules by full name, foreign packages by theirs."""
    return {
        name: frozenset(_owner(imported) for imported in imported_names(path)) - {name}
        for name, path in modules().items()
    }


def reachable(start: str) -> set[str]:
    """Everything that importing `start` imports in the end, packages on the way included."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting.extend(imports().get(name, ()))
        if name in modules() and "." in name:
            waiting.append(name.rpartition(".")[0])
    return found
