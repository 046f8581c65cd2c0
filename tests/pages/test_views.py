"""A page shows what the API answers and no more: here the API answers with less, or with more."""

import json
from typing import Any

from fastapi.testclient import TestClient
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from api.app import create_app
from api.errors import json_bytes
from tests.pages.conftest import Stage
from tests.pages.test_pages import HTML, read

# What stays of each answer for the public (api.md, section 4): totals.
TOTALS = {"gross_tonnes", "internal_tonnes", "net_tonnes", "year", "identifier", "rule_pack"}
OF_ENTERPRISE = {"enterprise", "due_tonnes", "surrendered_tonnes", "status"}
OF_REPORT = {"id", "facility", "period", "direct_grams", "indirect_grams"}


class Totals(BaseHTTPMiddleware):
    """Takes from the API's answers what only participants may see."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        answer = await call_next(request)
        path = request.url.path
        if answer.status_code != 200 or not path.startswith("/v1/"):
            return answer
        chunks = answer.body_iterator  # type: ignore[attr-defined] # what call_next gives has it
        content = b"".join([chunk async for chunk in chunks])
        return Response(json_bytes(_reduced(path, json.loads(content))))


def _reduced(path: str, body: dict[str, Any]) -> dict[str, Any]:
    if path.startswith("/v1/park/"):
        return {name: body[name] for name in TOTALS}
    if path.startswith("/v1/reports/") and path.count("/") == 3:  # a report, nothing below it
        return {name: body[name] for name in OF_REPORT if name in body}
    kept = {"/v1/compliance/2023": OF_ENTERPRISE, "/v1/reports": OF_REPORT}.get(path)
    if kept is not None:
        body["items"] = [{name: one[name] for name in kept} for one in body["items"]]
    return body


def _reduced_page(stage: Stage, path: str) -> str:
    app = create_app(stage.park.ledger)
    app.add_middleware(Totals)
    with TestClient(app) as http:
        answer = http.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return read(answer)


def test_show_park_tells_totals_only_when_the_api_tells_no_more(stage: Stage) -> None:
    text = _reduced_page(stage, "/?lang=en")
    assert "1,024 t" in text and "900" in text
    assert "The months are not shown to you." in text
    assert "not shown to you" in text.partition("Enterprises")[2]
    assert "Forecast" not in text


def test_show_report_tells_totals_only_when_the_api_tells_no_more(stage: Stage) -> None:
    text = _reduced_page(stage, f"/reports/{stage.told.right}?lang=en")
    assert "1,024.034982 t" in text
    assert "not shown to you" in text


def test_show_report_offers_the_proof_when_there_are_proofs_and_its_owner_looks(
    stage: Stage,
) -> None:
    app = create_app(stage.park.ledger)
    path, link = f"/reports/{stage.told.right}", f'href="/v1/proofs/{stage.told.right}"'
    if not any(one.startswith("/v1/proofs/") for one in app.openapi()["paths"]):
        app.openapi_schema = None
        app.add_api_route("/v1/proofs/{act_id}", lambda act_id: act_id, methods=["GET"])
    owner = stage.park.headers("enterprise 1")
    with TestClient(app) as http:
        assert link in http.get(path, headers=HTML | owner).text
        assert link not in http.get(path, headers=HTML).text
