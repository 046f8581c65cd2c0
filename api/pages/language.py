"""Which language a page speaks, whether HTML is wanted at all, and the page's texts."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, get_args

from fastapi import Depends, Request

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_PROGRAMS = ("/v1/", "/api/", "/rpc", "/openapi.json")  # what programs ask is never a page


def page_language(request: Request) -> Language:
    """What `?lang=` says, else the first of the browser's languages that we have, else Chinese."""
    asked = request.query_params.get("lang")
    accepted = request.headers.get("accept-language", "").lower().split(",")
    for wanted in (asked, *(one.strip()[:2] for one in accepted)):
        for language in LANGUAGES:
            if language == wanted:
                return language
    return "zh"


def asked_language(request: Request, lang: Language | None = None) -> Language:
    """The same for a page's own route, which refuses a `?lang=` that there is not."""
    return lang or page_language(request)


Asked = Annotated[Language, Depends(asked_language)]


def prefers_html(request: Request) -> bool:
    """Whether a person's browser asks: HTML at least as welcome as JSON, by name."""
    if request.url.path.startswith(_PROGRAMS):
        return False
    qualities = _qualities(request.headers.get("accept", ""))
    html = qualities.get("text/html", 0)
    return html > 0 and html >= qualities.get("application/json", 0)


def page_texts(language: Language) -> Mapping[str, str]:
    """The texts of all pages by key."""
    return _texts()[language]


def _qualities(accept: str) -> dict[str, int]:
    """Thousandths of preference by media type (RFC 9110, section 12.5.1)."""
    found = {}
    for part in accept.lower().split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        whole, _, digits = quality.partition(".")
        number = f"{whole}{digits[:3]:0<3}"
        found[media_type] = int(number) if number.isascii() and number.isdigit() else 0
    return found


@cache
def _texts() -> dict[Language, dict[str, str]]:
    content = files("api.pages").joinpath("texts.json").read_text("utf-8")
    texts: dict[Language, dict[str, str]] = json.loads(content)
    return texts
