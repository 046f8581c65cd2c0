"""What the command line prints: one JSON document on standard output, people's text beside it."""

import json
import os
import sys
from typing import Any

from api.errors import problem
from identity.errors import IdentityError
from ledger.errors import Refusal

EXIT_REFUSED, EXIT_UNAVAILABLE, EXIT_WRONG = 3, 5, 6


def print_json(value: Any) -> None:
    """The one document of `--json`."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def say(text: str) -> None:
    """A line for people, on standard error: it never mixes with what programs read."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def language_of_terminal() -> str:
    """zh where the locale says so, else en."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    return "zh" if locale.lower().startswith("zh") else "en"


def tell_problem(refusal: Refusal | IdentityError, *, as_json: bool) -> None:
    """A refusal with its facts and the way out."""
    tell(problem(refusal, names={}, language=language_of_terminal()), as_json=as_json)


def tell(told: dict[str, Any], *, as_json: bool) -> None:
    """A problem object (RFC 9457), ours or a service's."""
    if as_json:
        say(json.dumps(told, ensure_ascii=False, indent=2))
        return
    say(f"{told['title']} ({told['code']}): {told['detail']}")
    say(f"  {told['next']}")
