"""The verbs of the command line as its help tells them."""

import contextlib
import io
import re
import sys
from functools import cache

from scripts.cli import main

_COMMAND = re.compile(r"^  ([a-z]+)(?: {2,}|$)", re.MULTILINE)
_EXAMPLE = re.compile(r"^ *Example: carbonledger (.+)$", re.MULTILINE)
_SECTIONS = re.compile(r"^Commands:$", re.MULTILINE)


@cache
def help_of(*verb: str) -> str:
    """What `--help` prints."""
    printed, before = io.StringIO(), sys.argv
    sys.argv = ["carbonledger", *verb, "--help"]
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main()
    finally:
        sys.argv = before
    return printed.getvalue()


@cache
def every_verb() -> tuple[tuple[str, ...], ...]:
    """Every verb, with its noun before it, in the order of the help."""
    found: list[tuple[str, ...]] = []
    for name in _below():
        below = _below(name)
        found += [(name, verb) for verb in below] if below else [(name,)]
    return tuple(found)


def _below(*verb: str) -> list[str]:
    told = _SECTIONS.split(help_of(*verb))
    return _COMMAND.findall(told[1].split("\n\n")[0]) if len(told) > 1 else []


def examples_of(*verb: str) -> list[str]:
    """The examples in the help of a verb, without the program's name."""
    return _EXAMPLE.findall(help_of(*verb))
