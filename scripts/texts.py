"""What backup, restore and doctor say to people: texts.json beside this file, by language."""

import json
from functools import cache
from pathlib import Path

from scripts.output import language_of_terminal


def text(key: str, **facts: object) -> str:
    """A sentence in the terminal's language with its facts filled in."""
    return catalogue()[language_of_terminal()][key].format(**facts)


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Sentences by language and key."""
    path = Path(__file__).with_name("texts.json")
    loaded: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8"))
    return loaded
