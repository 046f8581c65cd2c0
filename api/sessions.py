"""The first token by signature: no administrator, no password."""

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import json_bytes
from api.fields import time_text, to_wire
from api.messages import ENVELOPES, parse_envelope
from api.requests import ledger_of, parse_json, read_body, require_json
from ledger.access.sessions import Session
from ledger.access.viewer import SCOPES
from ledger.assembly import Ledger
from ledger.identifiers.queries import names_of

router = APIRouter(prefix="/v1", tags=["sessions"])
_SCHEMA = {"$ref": f"#/components/schemas/{ENVELOPES['Access'].__name__}"}


@router.post(
    "/sessions",
    status_code=201,
    summary="A token of at most twelve hours for whoever signs an Access with a valid key",
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}
    },
)
async def post_session(request: Request) -> Response:
    require_json(request)
    body = parse_json(await read_body(request))
    return await run_in_threadpool(_open, ledger_of(request), body)


def _open(ledger: Ledger, body: Any) -> Response:
    envelope, _ = parse_envelope("Access", body)
    session = ledger.open_session(envelope)
    return Response(
        json_bytes(_session_body(ledger, session)),
        201,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


def _session_body(ledger: Ledger, session: Session) -> dict[str, Any]:
    grant = session.grant
    assert grant.participant is not None, "whoever signs is a participant"
    with ledger.reading() as reading:
        names = names_of(reading, {grant.participant})
    return {
        "token": session.token.text,
        "participant": to_wire("participant", grant.participant, names),
        "person": grant.person,
        "scopes": [scope for scope in SCOPES if scope in grant.scopes],
        "expires_at": time_text(grant.expires_at),
    }
