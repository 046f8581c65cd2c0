"""Everything the demo says, in Chinese and English: texts.json beside this file."""

from pathlib import Path

from scripts.texts import Language, Texts

TEXTS_FILE = Path(__file__).with_name("texts.json")


def texts_of(language: Language) -> Texts:
    """The demo's sentences of one language."""
    return Texts(language, TEXTS_FILE)
