"""Refusals for people: the problem as a page where a browser asks, as JSON elsewhere."""

from typing import Any

from fastapi import Request, Response

from api.errors import PROBLEM, json_bytes, language_of
from api.pages.language import page_language, prefers_html
from api.pages.rendering import page


def refusal_language(request: Request) -> str:
    """The language that a refusal of this request is told in."""
    return page_language(request) if prefers_html(request) else language_of(request)


def refusal_answer(request: Request, problem: dict[str, Any]) -> Response:
    """A problem (RFC 9457) in the form that is wanted."""
    if not prefers_html(request):
        return Response(json_bytes(problem), problem["status"], media_type=PROBLEM)
    return page(request, "refusal.html", http_status=problem["status"], problem=problem)
