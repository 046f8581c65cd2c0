"""The page of one report: what was signed, how it comes about, what became of it, its proof."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.fields import parse_hex
from api.pages.asking import AnswerRefused, Api, asking
from api.pages.language import Asked
from api.pages.rendering import page
from api.pages.visitor import visitor_name

router = APIRouter()
_PROOFS = "/v1/proofs/"


@router.get("/reports/{act_id}", include_in_schema=False)
async def show_report(
    request: Request, act_id: str, language: Asked, reason: str | None = None
) -> Response:
    parse_hex(act_id, size=32, pointer="/id")  # what becomes part of a path is an id
    async with asking(request, language) as api:
        report = await api.get(f"/v1/reports/{act_id}")
        facts: dict[str, Any] = {"report": report, "visitor": visitor_name(request)}
        facts["statement"] = await _statement(api, report)
        facts["confirmation"] = await _confirmation(api, report)
        facts["findings"] = await api.get_if_shown(f"/v1/reports/{act_id}/findings")
        facts |= await _explanation(api, act_id, reason)
        facts["proof"] = _proof(request, report, facts["visitor"])
        return page(request, "report.html", **facts)


async def _statement(api: Api, report: dict[str, Any]) -> dict[str, Any] | None:
    """The newest statement on this version: a superseded report has had one too."""
    if (named := report.get("statement")) is not None:
        return await api.get_if_shown(f"/v1/statements/{named}")
    figure = {name: report[name] for name in ("facility", "period")}
    made = await api.items("/v1/statements", **figure)
    return next((one for one in reversed(made) if one.get("follows") == report["id"]), None)


async def _confirmation(api: Api, report: dict[str, Any]) -> dict[str, Any] | None:
    confirmed = report.get("confirmation")
    return None if confirmed is None else await api.get_if_shown(f"/v1/confirmations/{confirmed}")


async def _explanation(api: Api, act_id: str, reason: str | None) -> dict[str, Any]:
    """The explanation, or why there is none: nothing to say to who may not see it."""
    query = {} if reason is None else {"reason": reason}
    try:
        told = await api.get(f"/v1/reports/{act_id}/explanation", **query)
    except AnswerRefused as refused:
        is_hidden = refused.problem["code"] == "ResourceUnknown"
        return {"explanation": None, "unexplained": None if is_hidden else refused.problem}
    return {"explanation": told, "unexplained": None}


def _proof(request: Request, report: dict[str, Any], visitor: str | None) -> str | None:
    """Where its proof is to be had, for its owner and where proofs are offered."""
    is_offered = any(path.startswith(_PROOFS) for path in request.app.openapi()["paths"])
    is_owner = visitor is not None and visitor == report.get("enterprise")
    return f"{_PROOFS}{report['id']}" if is_offered and is_owner else None
