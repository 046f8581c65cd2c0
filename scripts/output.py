"""What the command line prints: one JSON document on standard output, people's text beside it.

People are spoken to in one language; their sentences stand in texts.json beside this file.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.client.refusals import ActUnderWay, AnswerWrong, ProblemAnswered, ServiceUnavailable
from api.errors import problem
from identity.errors import IdentityError
from ledger.errors import ChainUnavailable, DirectoryInUse, Refusal
from scripts.texts import Language, Texts

EXIT_FAILED, EXIT_USAGE, EXIT_REFUSED, EXIT_UNKNOWN = 1, 2, 3, 4
EXIT_UNAVAILABLE, EXIT_WRONG, EXIT_UNDER_WAY = 5, 6, 7
TEXTS_FILE = Path(__file__).with_name("texts.json")
_UNAVAILABLE = frozenset({429, 502, 503, 504})
_NOT_FOUND = 404

Told = Refusal | IdentityError | ProblemAnswered


@dataclass(frozen=True, slots=True)
class Voice:
    """In which language people are spoken to, and whether they want to hear what goes on."""

    language: Language
    is_quiet: bool = False


def language_of_terminal() -> Language:
    """zh where the locale says so, else en."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    return "zh" if locale.lower().startswith("zh") else "en"


_VOICE: ContextVar[Voice | None] = ContextVar("voice", default=None)


@contextmanager
def speaking(voice: Voice) -> Iterator[None]:
    """People are spoken to so, until the block ends."""
    before = _VOICE.set(voice)
    try:
        yield
    finally:
        _VOICE.reset(before)


def language() -> Language:
    """The language that people are spoken to in."""
    voice = _VOICE.get()
    return language_of_terminal() if voice is None else voice.language


def text(key: str, /, **facts: object) -> str:
    """A sentence of the command line in people's language."""
    return Texts(language(), TEXTS_FILE).say(key, **facts)


def has_text(key: str) -> bool:
    """Whether the command line has a sentence under this key."""
    return key in Texts(language(), TEXTS_FILE)


def print_json(value: Any) -> None:
    """The one document of `--json`."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def say(line: str) -> None:
    """A line for people, on standard error: it never mixes with what programs read."""
    voice = _VOICE.get()
    if voice is None or not voice.is_quiet:
        tell_line(line)


def tell_problem(refusal: Told, *, as_json: bool) -> None:
    """A refusal with its facts and the way out; it is told however quiet people want it."""
    told = _problem(refusal)
    if as_json:
        tell_line(json.dumps(told, ensure_ascii=False, indent=2))
        return
    tell_line(f"{told.get('title')} ({told.get('code')}): {told.get('detail')}")
    tell_line(f"  {told.get('next')}")


def exit_code_of(refusal: Told) -> int:
    """The exit code that says what kind of refusal it is (docs/reference/command-line.md)."""
    match refusal:
        case ProblemAnswered():
            if refusal.status in _UNAVAILABLE:
                return EXIT_UNAVAILABLE
            return EXIT_UNKNOWN if refusal.status == _NOT_FOUND else EXIT_REFUSED
        case ServiceUnavailable() | DirectoryInUse() | ChainUnavailable():
            return EXIT_UNAVAILABLE
        case AnswerWrong():
            return EXIT_WRONG
        case ActUnderWay():
            return EXIT_UNDER_WAY
    return EXIT_REFUSED


def _problem(refusal: Told) -> Mapping[str, Any]:
    if isinstance(refusal, ProblemAnswered):
        return refusal.problem
    return problem(refusal, names={}, language=language())


def tell_line(line: str) -> None:
    """A line for people, however quiet they want it."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
