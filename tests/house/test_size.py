"""Budgets: lines, functions, files."""

import ast

from tests.house.source_tree import code_files, parsed, python_files

# A migration is what alembic wrote of the tables, top to bottom.
_MIGRATIONS = "ledger/migrations/versions/"

LINE_CHARACTERS_MAX = 100
FUNCTION_LINES_MAX = 50
FILE_LINES_MAX = 400


def test_measure_lines_finds_none_too_long_when_code_is_hand_written() -> None:
    too_long = [
        f"{path}:{number}"
        for path, text in code_files().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if len(line) > LINE_CHARACTERS_MAX
    ]
    assert too_long == []


def test_measure_files_finds_none_too_long_when_code_is_hand_written() -> None:
    lines = {path: len(text.splitlines()) for path, text in code_files().items()}
    assert {path: count for path, count in lines.items() if count > FILE_LINES_MAX} == {}


def test_measure_functions_finds_none_too_long_when_docstrings_count() -> None:
    too_long = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files()
        if not path.startswith(_MIGRATIONS)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert too_long == []
