"""Templates to answers: Jinja with everything escaped, and headers that let nothing in."""

from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.pages import figures
from api.pages.language import LANGUAGES, page_language, page_texts
from api.requests import ledger_of

# Scripts and styles come from files of ours alone: nothing inline, nothing from elsewhere.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache, private",
    "Vary": "Accept, Accept-Language, Authorization, Cookie",
}

_templates = Environment(
    loader=PackageLoader("api"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    number=figures.number,
    tonnes=figures.tonnes,
    exact_tonnes=figures.exact_tonnes,
    short=figures.short,
    park_time=figures.park_time,
)


def page(request: Request, template: str, *, http_status: int = 200, **facts: Any) -> Response:
    """A rendered page in the visitor's language."""
    language = page_language(request)
    texts = page_texts(language)

    def say(key: str, **parts: object) -> str:
        return texts[key].format_map(parts)

    content = _templates.get_template(template).render(
        language=language,
        say=say,
        is_demo=ledger_of(request).manifest.is_demo,
        languages={one: _in_language(request, one) for one in LANGUAGES},
        **facts,
    )
    return Response(content, http_status, headers=HEADERS, media_type="text/html; charset=utf-8")


def _in_language(request: Request, language: str) -> str:
    """This page's address in that language."""
    url = request.url.include_query_params(lang=language)
    return f"{url.path}?{url.query}"
