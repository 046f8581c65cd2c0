"""The page of one report: what was signed, how it comes about, what became of it, its proof."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.pages.asking import AnswerRefused, Api, asking
from api.pages.language import Language, page_language
from api.pages.rendering import page
from api.pages.visitor import visitor_name

router = APIRouter()
_PROOFS = "/v1/proofs/"


@router.get("/reports/{act_id}", include_in_schema=False)
async def show_report(request: Request, act_id: str, lang: Language | None = None) -> Response:
    async with asking(request, page_language(request)) as api:
        report = await api.get(f"/v1/reports/{act_id}")
        facts: dict[str, Any] = {"report": report, "visitor": visitor_name(request)}
        for noun in ("statement", "confirmation"):
            facts[noun] = await _act(api, noun, report.get(noun))
        facts["findings"] = await api.get_if_shown(f"/v1/reports/{act_id}/findings")
        facts |= await _explanation(api, act_id)
        facts["proof"] = _proof(request, report, facts["visitor"])
        return page(request, "report.html", **facts)


async def _act(api: Api, noun: str, act_id: str | None) -> dict[str, Any] | None:
    return None if act_id is None else await api.get_if_shown(f"/v1/{noun}s/{act_id}")


async def _explanation(api: Api, act_id: str) -> dict[str, Any]:
    """The explanation, or why there is none: nothing to say to who may not see it."""
    try:
        told = await api.get(f"/v1/reports/{act_id}/explanation")
    except AnswerRefused as refused:
        is_hidden = refused.problem["code"] == "ResourceUnknown"
        return {"explanation": None, "unexplained": None if is_hidden else refused.problem}
    return {"explanation": told, "unexplained": None}


def _proof(request: Request, report: dict[str, Any], visitor: str | None) -> str | None:
    """Where its proof is to be had, for its owner and where proofs are offered."""
    is_offered = any(path.startswith(_PROOFS) for path in request.app.openapi()["paths"])
    is_owner = visitor is not None and visitor == report.get("actor")
    return f"{_PROOFS}{report['id']}" if is_offered and is_owner else None
