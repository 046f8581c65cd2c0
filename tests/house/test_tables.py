"""Three kinds of table: the first line of a module that defines one says which."""

import ast
from collections.abc import Iterator

from tests.house.source_tree import imported_names, modules, parsed

KIND_BY_METADATA = {"KEPT": "Kept", "MIRROR": "Mirror"}
TABLE_MAKERS = {"Table", "state_table"}  # A state table is one of the mirror's.


def _kinds(path: str) -> Iterator[str]:
    """Kept, Mirror or Chain for each table that the module defines."""
    if "rich.table.Table" in imported_names(path):
        return  # a table for people
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and "CREATE TABLE" in str(node.value):
            yield "Chain"
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in TABLE_MAKERS:
            arguments = {word.id for word in node.args if isinstance(word, ast.Name)}
            yield next(
                (KIND_BY_METADATA[word] for word in arguments & set(KIND_BY_METADATA)), "Mirror"
            )


def _said(path: str) -> str:
    first_line = (ast.get_docstring(parsed(path)) or "").partition("\n")[0]
    words = first_line.split()
    return words[0] if words[1:2] and words[1].startswith("table") else ""


def test_describe_module_names_the_kind_when_it_defines_tables() -> None:
    wrong = {
        path: sorted(kinds)
        for path in modules().values()
        if (kinds := set(_kinds(path))) and kinds != {_said(path)}
    }
    assert wrong == {}


def test_describe_module_gives_a_docstring_when_it_is_on_a_floor() -> None:
    assert [path for path in modules().values() if not ast.get_docstring(parsed(path))] == []
