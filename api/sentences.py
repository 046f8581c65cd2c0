"""What one is about to sign, in plain words of both languages: the texts are in sentences.json."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from api.fields import ENUMS
from ledger.access.viewer import SCOPES
from ledger.chain.bindings import RIGHTS, SECTORS, STANDINGS, TIES

LANGUAGES = ("en", "zh")
# Bit sets by their field: the word of each bit.
BITS: dict[str, dict[int, str]] = {
    "rights": {bit: name.lower() for name, bit in RIGHTS.items()},
    "standing": {bit: name.lower() for name, bit in STANDINGS.items()},
    "ties": {bit: name.lower() for name, bit in TIES.items()},
    "sectors": {1 << place: name.lower() for name, place in SECTORS.items()},
    "scopes": {1 << place: name for place, name in enumerate(SCOPES)},
}
_BETWEEN = {"en": ", ", "zh": "、"}


def sentence(message_type: str, message: Mapping[str, Any]) -> dict[str, str]:
    """By language; `message` is complete and in its wire form."""
    template = _texts()["sentences"][_variant(message_type, message)]
    return {
        language: template[language].format_map(
            {name: _told(name, value, language) for name, value in message.items()}
        )
        for language in LANGUAGES
    }


def _variant(message_type: str, message: Mapping[str, Any]) -> str:
    """Some messages say two things, told apart by one of their fields."""
    match message_type:
        case "Allocation" if message["tonnes"] < 0:
            return "Allocation.recall"
        case "KeyEnding" if message["is_compromised"]:
            return "KeyEnding.compromised"
        case "Registration" if message["is_prefix"]:
            return "Registration.prefix"
    return message_type


def _told(name: str, value: Any, language: str) -> Any:
    if value is None:
        return word("absent", name if name in _texts()["words"]["absent"] else "value", language)
    if isinstance(value, bool):
        return word("is", str(value).lower(), language)
    if name in BITS:
        return _bits_told(name, value, language)
    if name in ENUMS:
        return word(name, str(value), language)
    return value


def _bits_told(name: str, bits: int, language: str) -> str:
    known = [word(name, told, language) for bit, told in BITS[name].items() if bits & bit]
    unknown = bits & ~sum(BITS[name])
    beyond = [str(unknown)] if unknown else []
    return _BETWEEN[language].join(known + beyond) or word("absent", "value", language)


def word(field: str, value: str, language: str) -> str:
    """The word of a value in this language; a value without one is told as it is."""
    words: dict[str, dict[str, str]] = _texts()["words"][field]
    return words[value][language] if value in words else value


@cache
def _texts() -> dict[str, Any]:
    content = files("api").joinpath("sentences.json").read_text("utf-8")
    texts: dict[str, Any] = json.loads(content)
    return texts
