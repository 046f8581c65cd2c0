"""Is the process alive, can it do its work, and what does a refusal mean?"""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.errors import json_bytes, status_of
from api.pages.language import prefers_html
from api.pages.rendering import page
from api.problems import texts_of
from api.requests import ledger_of
from ledger.errors import ResourceUnknown

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="The process answers")
def get_health() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz", summary="Reading and writing work; 503 says what does not")
def get_readiness(request: Request) -> Response:
    ledger = ledger_of(request)
    state: dict[str, Any] = ledger.readiness()
    status = 200 if state["ready"] else 503
    return Response(json_bytes(state), status, media_type="application/json")


@router.get(
    "/problems/{code}",
    tags=["problems"],
    summary="What a code means, in both languages; a page where HTML is preferred",
)
def get_problem(request: Request, code: str) -> Response:
    texts = texts_of(code)
    if texts is None:
        raise ResourceUnknown(f"problems/{code}")
    status = status_of(code)
    if prefers_html(request):
        return page(request, "problem.html", code=code, status=status, texts=texts)
    told = {"code": code, "status": status, "texts": texts}
    return Response(json_bytes(told), media_type="application/json", headers={"Vary": "Accept"})
