"""Sentences in Chinese and English by their keys: a catalogue is a JSON file."""

import json
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def catalogue(file: Path) -> dict[str, dict[str, str]]:
    """Sentences by language and key."""
    loaded: dict[str, dict[str, str]] = json.loads(file.read_text("utf-8"))
    return loaded


class Texts:
    """The sentences of one language by their keys."""

    def __init__(self, language: Language, file: Path) -> None:
        self.language = language
        self._sentences = catalogue(file)[language]

    def say(self, key: str, /, **facts: object) -> str:
        """A sentence with its facts filled in."""
        return self._sentences[key].format(**facts)

    def __contains__(self, key: str) -> bool:
        return key in self._sentences
