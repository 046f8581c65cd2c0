"""The first token by signature: no administrator, no password. Browsers get a cookie instead."""

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import json_bytes
from api.fields import invalid, time_text, to_wire
from api.messages import ENVELOPES, parse_envelope
from api.requests import COOKIE, ledger_of, parse_json, read_body, require_json, session_of
from ledger.access.tokens import SESSION_SECONDS_MAX, Grant
from ledger.access.viewer import SCOPES
from ledger.assembly import Ledger
from ledger.errors import TokenMissing
from ledger.identifiers.queries import names_of
from ledger.outbox.act import Envelope

router = APIRouter(prefix="/v1", tags=["sessions"])
_SCHEMA = {"$ref": f"#/components/schemas/{ENVELOPES['Access'].__name__}"}


@router.post(
    "/sessions",
    status_code=201,
    summary="A token, or a browser's cookie, of at most twelve hours for whoever signs an Access",
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}},
        "parameters": [
            {
                "name": "cookie",
                "in": "query",
                "description": "`1`: a browser session in a cookie; answers its csrf_token.",
                "schema": {"enum": ["1"]},
            }
        ],
    },
)
async def post_session(request: Request) -> Response:
    require_json(request)
    cookie = request.query_params.get("cookie")
    if cookie not in (None, "1"):
        raise invalid("/cookie", "one_of:1")
    body = parse_json(await read_body(request))
    open_one = _open if cookie is None else _open_in_browser
    return await run_in_threadpool(open_one, ledger_of(request), body)


@router.delete("/sessions", status_code=204, summary="Log the browser session out")
def delete_session(request: Request) -> Response:
    session = session_of(request)
    if session is None:
        raise TokenMissing
    ledger_of(request).credentials.end_browser_session(session)
    answer = Response(status_code=204)
    answer.headers["Set-Cookie"] = cookie_text("", seconds=0)
    return answer


def _open(ledger: Ledger, body: Any) -> Response:
    session = ledger.credentials.open_session(_envelope(ledger, body))
    return told_once(grant_body(ledger, session.grant) | {"token": session.token.text})


def _open_in_browser(ledger: Ledger, body: Any) -> Response:
    session = ledger.credentials.open_browser_session(_envelope(ledger, body))
    answer = told_once(grant_body(ledger, session.grant) | {"csrf_token": session.id.csrf_token})
    answer.headers["Set-Cookie"] = cookie_text(session.id.text, seconds=SESSION_SECONDS_MAX)
    return answer


def _envelope(ledger: Ledger, body: Any) -> Envelope:
    envelope, _ = parse_envelope("Access", body)
    ledger.require_writing()
    return envelope


def cookie_text(value: str, *, seconds: int) -> str:
    """The prefix makes browsers take it from this host alone, over a trustworthy connection."""
    return f"{COOKIE}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Strict"


def told_once(body: dict[str, Any]) -> Response:
    """An answer with a secret, which nobody on the way may keep."""
    return Response(
        json_bytes(body), 201, headers={"Cache-Control": "no-store"}, media_type="application/json"
    )


def grant_body(ledger: Ledger, grant: Grant) -> dict[str, Any]:
    """What a credential opens, without its secret."""
    assert grant.participant is not None, "whoever comes in by HTTP is a participant"
    with ledger.reading() as reading:
        names = names_of(reading, {grant.participant})
    return {
        "participant": to_wire("participant", grant.participant, names),
        "person": grant.person,
        "scopes": [scope for scope in SCOPES if scope in grant.scopes],
        "expires_at": time_text(grant.expires_at),
    }
