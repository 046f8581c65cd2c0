"""Who may import whom: the contracts of pyproject.toml, circles, the unused, the demo."""

import ast
import graphlib
import re

import pytest
from importlinter import api
from importlinter.application import use_cases

from tests.house.source_tree import ROOT, imports, modules, parsed, reachable, text_files

# Started, not imported: the command's entry point; alembic's files; the developer's tools say
# so themselves by being runnable.
STARTED = re.compile(r"scripts\.cli|scripts\.commands\.\w+|ledger\.migrations\..*")
RUNNABLE = 'if __name__ == "__main__":'
# The demo is a client: what serves and stores lies behind HTTP.
DEMO_FORBIDDEN = re.compile(
    r"ledger\.(.+\.service|store(\..*)?|chain\.(?!bindings$).*)|sqlalchemy|web3|eth_tester|eth"
)
CLOCK_READINGS = {
    "time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
}  # fmt: skip


def test_lint_imports_keeps_every_contract_when_run_on_all_floors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert api.read_configuration()["contracts_options"]
    kept = use_cases.lint_imports(cache_dir=None, no_logo=True)
    assert kept, capsys.readouterr().out


def test_follow_imports_finds_no_circle_when_every_module_is_sorted() -> None:
    graphlib.TopologicalSorter(imports()).prepare()


def test_follow_imports_reaches_every_file_when_started_ones_are_set_aside() -> None:
    imported = set().union(*imports().values())
    unused = [
        name
        for name, path in modules().items()
        if name not in imported
        and not path.endswith("/__init__.py")
        and not STARTED.fullmatch(name)
        and RUNNABLE not in text_files()[path]
    ]
    assert unused == []


def test_follow_imports_of_demo_meets_only_bindings_when_it_nears_the_chain() -> None:
    demo = [name for name in modules() if name.startswith("scripts.commands.demo")]
    met = {
        f"{name} -> {imported}"
        for name in demo
        for imported in reachable(name)
        if DEMO_FORBIDDEN.fullmatch(imported)
    }
    assert met == set()


def test_import_package_runs_nothing_when_only_its_bindings_are_wanted() -> None:
    packages = {"ledger", "ledger.chain"} & set(modules())
    assert {name: imports()[name] for name in packages if imports()[name]} == {}


def test_read_clock_happens_in_one_place_when_all_floors_are_searched() -> None:
    readings = [
        f"{path}:{node.lineno}"
        for name, path in modules().items()
        if name != "ledger.clock"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and ".".join(ast.unparse(node).split(".")[-2:]) in CLOCK_READINGS
    ]
    assert readings == []
