"""What a refusal says to people, in English and Chinese: the texts stand in problems.json."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

_ABSENT = {"en": "(none)", "zh": "（无）"}


def explanation(code: str, facts: Mapping[str, Any], language: str) -> tuple[str, str, str]:
    """Title, detail and next step of a refusal; `facts` as on the wire, `language` en or zh."""
    texts = _texts()[code][language]
    absent = _ABSENT[language]
    told = {name: absent if value is None else value for name, value in facts.items()}
    return texts["title"], texts["detail"].format_map(told), texts["next"]


def texts_of(code: str) -> dict[str, dict[str, str]] | None:
    """Title, detail (a template over the facts) and next step by language; None: no such code."""
    return _texts().get(code)


def all_codes() -> list[str]:
    """Every code that a refusal can have, in alphabetical order."""
    return sorted(_texts())


@cache
def _texts() -> dict[str, dict[str, dict[str, str]]]:
    """By code, language and part: title, detail (a template over the facts), next."""
    content = files("api").joinpath("problems.json").read_text("utf-8")
    texts: dict[str, dict[str, dict[str, str]]] = json.loads(content)
    return texts
