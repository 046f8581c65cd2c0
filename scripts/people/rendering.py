"""Answers for people: the fields of the API by their names, one a line, lists as blocks."""

from collections.abc import Iterator, Mapping
from typing import Any

_INDENT = "  "
_ABSENT = "-"


def lines_of(value: Any) -> list[str]:
    """An answer as lines; field names and codes are never translated."""
    return list(_lines(value, depth=0))


def _lines(value: Any, *, depth: int) -> Iterator[str]:
    indent = _INDENT * depth
    match value:
        case Mapping():
            width = max((len(name) for name in value), default=0)
            for name, inner in value.items():
                if _is_flat(inner):
                    yield f"{indent}{name:<{width}}  {_flat(inner)}"
                else:
                    yield f"{indent}{name}"
                    yield from _lines(inner, depth=depth + 1)
        case list():
            for number, inner in enumerate(value):
                if number and not _is_flat(inner):
                    yield ""
                yield from _lines(inner, depth=depth)
        case _:
            yield f"{indent}{_flat(value)}"


def _is_flat(value: Any) -> bool:
    return not value or not isinstance(value, Mapping | list)


def _flat(value: Any) -> str:
    if value is None or value in ([], {}):
        return _ABSENT
    return str(value).lower() if isinstance(value, bool) else str(value)
