"""README and docs say what the code has: links, verbs, routes, words, a recomputed example."""

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api import pages
from api.app import create_app
from ledger.assembly import Ledger
from ledger.chain.bindings import MESSAGES
from ledger.evidence.merkle import facility_root, month_tree
from ledger.evidence.readings import MonthOfReadings
from ledger.messages import OFF_CHAIN
from ledger.migrations.kept import KEPT
from ledger.outbox.acknowledgement import Acknowledgement
from ledger.period import Period
from ledger.store.metadata import MIRROR
from scripts.cli import main
from tests.house.source_tree import ROOT, text_files

README_LINES_MAX = 120
SHARED_SECTION = "People's verbs: which service, and as whom"
STANDARD_LIBRARY = {"hashlib", "hmac"}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`]+)`")
ROUTE = re.compile(r"(?:(?:GET|POST|PUT|DELETE) )?(/[^?\s]*)(?:\?.*)?")
COMMAND = re.compile(r"^[│ ] ([a-z]+) {2,}", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


def _pages() -> list[str]:
    return [path for path in text_files() if path == "README.md" or path.startswith("docs/")]


def _table_cells(page: str) -> Iterator[list[str]]:
    """The cells of every table row of a page, headings and rulers included."""
    for line in text_files()[page].splitlines():
        if line.startswith("|"):
            yield line.replace("\\|", "/").strip("|").split("|")


def _sections(page: str) -> dict[str, str]:
    """The text below each heading of the second level."""
    parts = re.split(r"^## (.+)$", text_files()[page], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _help(verb: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `--help` of a verb prints, from the entry that people call."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.argv", [*verb.split(), "--help"])
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit):
        main()
    return printed.getvalue()


def _verbs(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, set[str]]]:
    """Every verb below a command with its options, but --help."""
    told = _help(name, monkeypatch)
    assert f"{name} " in told  # the usage: what was asked for is what was found
    below = COMMAND.findall(told)
    if not below:
        yield name, set(OPTION.findall(told)) - {"--help"}
    for verb in below:
        yield from _verbs(f"{name} {verb}", monkeypatch)


def _written_example() -> tuple[str, str]:
    """The program of docs/concepts.md that recomputes a root, and what it prints."""
    blocks = dict(BLOCK.findall(text_files()["docs/concepts.md"]))
    return blocks["python"], blocks["text"]


def _run_example() -> tuple[dict[str, Any], str]:
    names: dict[str, Any] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(_written_example()[0], names)
    return names, printed.getvalue()


@pytest.mark.parametrize("page", _pages())
def test_follow_link_finds_a_file_when_it_is_relative(page: str) -> None:
    links = [link for link in LINK.findall(text_files()[page]) if ":" not in link]
    folder = (ROOT / page).parent
    assert [link for link in links if not (folder / link).exists()] == []


def test_read_readme_ends_early_when_lines_are_counted() -> None:
    assert len(text_files()["README.md"].splitlines()) <= README_LINES_MAX


def test_document_verb_names_it_and_its_options_when_the_command_line_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verbs = dict(_verbs("carbonledger", monkeypatch))
    sections = _sections("docs/reference/command-line.md")
    assert {name for name in sections if name.startswith("carbonledger ")} == set(verbs)
    shared = set(OPTION.findall(sections[SHARED_SECTION]))
    for name, options in verbs.items():
        # What all people's verbs take stands once; whoever may be somebody is one of them.
        elsewhere = shared if "--as" in options else {"--no-demo"}
        documented = set(OPTION.findall(sections[name]))
        assert documented - elsewhere == options - elsewhere, name


def test_document_route_names_the_same_paths_when_the_application_is_asked() -> None:
    application = create_app(cast("Ledger", SimpleNamespace()))
    documented = {
        match[1]
        for cells in _table_cells("docs/reference/http.md")
        for cell in cells[:3]
        for code in CODE.findall(cell)
        if (match := ROUTE.fullmatch(code))
    }
    assert documented == set(application.openapi()["paths"]) | _page_paths()


def _page_paths() -> set[str]:
    """The paths of pages, which OpenAPI does not describe."""
    found = [import_module(f"api.pages.{one.name}") for one in iter_modules(pages.__path__)]
    return {
        route.path
        for module in found
        if hasattr(module, "router")
        for route in module.router.routes
    }


def test_write_glossary_uses_words_of_the_code_when_they_are_tables_or_messages() -> None:
    tables = {table.name for metadata in (KEPT, MIRROR) for table in metadata.tables.values()}
    known = tables | set(MESSAGES) | set(OFF_CHAIN) | {Acknowledgement.__name__}
    glossary = _sections("docs/concepts.md")["Glossary"]
    rows = [line.split("|") for line in glossary.splitlines() if line.startswith("| ")]
    named = [word for row in rows for word in CODE.findall(row[4])]
    assert len(named) > len(rows)
    assert [word for word in named if word not in known] == []


def test_recompute_example_prints_what_is_written_when_it_runs() -> None:
    _, printed = _run_example()
    assert printed == _written_example()[1]


def test_recompute_example_imports_the_standard_library_when_its_source_is_read() -> None:
    statements = ast.walk(ast.parse(_written_example()[0]))
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {name.name for node in imports for name in node.names}
    assert modules == STANDARD_LIBRARY


def test_recompute_example_gives_our_root_when_our_code_reads_the_same_month() -> None:
    names, _ = _run_example()
    stamps, quantities = zip(*(reading for day in names["DAYS"] for reading in day), strict=True)
    month = MonthOfReadings(Period(202301), 43_200, stamps, quantities, Decimal(0))
    tree = month_tree(month, meter=names["METER"], unit=names["UNIT"], seed=names["SEED"])
    ours = facility_root({names["METER"]: tree.root}, [names["DOCUMENT"]])
    assert (tree.root, ours) == (names["month"], names["root"])
