"""What a check found: its name, whether that is well, the cause and the facts; no sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["ok", "bad", "unknown"]
Fact: TypeAlias = int | str | list[str]
_NAMED_MAX = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor; `check` and `cause` together name its texts."""

    check: str
    state: State
    cause: str
    facts: dict[str, Fact]


def ok(check: str, cause: str, **facts: Fact) -> Finding:
    """Nothing is wrong."""
    return Finding(check, "ok", cause, facts)


def bad(check: str, cause: str, **facts: Fact) -> Finding:
    """A defect."""
    return Finding(check, "bad", cause, facts)


def unknown(check: str, cause: str, **facts: Fact) -> Finding:
    """It could not be looked at, or this alone does not tell."""
    return Finding(check, "unknown", cause, facts)


def named(names: Iterable[str]) -> dict[str, Fact]:
    """How many there are, and the first of them."""
    every = list(names)
    return {"count": len(every), "names": every[:_NAMED_MAX]}
