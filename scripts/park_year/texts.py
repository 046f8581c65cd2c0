"""Everything the demo says, in Chinese and English: texts.json beside this file."""

import json
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Texts:
    """The sentences of one language by their keys."""

    def __init__(self, language: Language) -> None:
        self._sentences = catalogue()[language]

    def say(self, key: str, **facts: object) -> str:
        """A sentence with its facts filled in."""
        return self._sentences[key].format(**facts)


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Sentences by language and key."""
    path = Path(__file__).with_name("texts.json")
    loaded: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8"))
    return loaded
