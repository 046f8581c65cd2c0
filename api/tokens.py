"""Tokens for machines: no wider than the one that makes them, listed, revoked by name."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.errors import json_bytes
from api.fields import invalid, parse_time, row_to_wire
from api.lists import Item, Listing, list_response
from api.messages import validated
from api.paging import query_parameters
from api.requests import (
    idempotent_request,
    ledger_of,
    parse_json,
    read_body,
    require_json,
    submitting,
    viewer_of,
)
from api.sessions import grant_body
from ledger.access.tokens import (
    TOKEN_SECONDS,
    TOKEN_SECONDS_MAX,
    Grant,
    Token,
    scopes_of,
    tokens_of,
)
from ledger.access.viewer import SCOPES, Scope
from ledger.assembly import Reading
from ledger.errors import ScopeMissing
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import Page

router = APIRouter(prefix="/v1", tags=["tokens"])
_DAY_SECONDS = 86_400
_COLUMNS = (
    "lookup",
    "participant",
    "person",
    "scopes",
    "created_at",
    "expires_at",
    "revoked_at",
    "last_used_day",
)


class TokenWish(BaseModel):
    """What a new token shall open, and until when: 90 days from now if it does not say."""

    model_config = ConfigDict(strict=True, extra="forbid")
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
    expires_at: Annotated[str, Field(max_length=20)] | None = None


@router.post(
    "/tokens",
    status_code=201,
    summary="A further token of one's own person, with scopes no wider than those one has",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TokenWish"}}},
        }
    },
)
async def post_token(request: Request) -> Response:
    submitting(request)
    require_json(request)
    return await run_in_threadpool(_make, request, await read_body(request))


def _make(request: Request, body: bytes) -> Response:
    wish = validated(TokenWish, parse_json(body))
    ledger, grant = ledger_of(request), _grant(request, wish)
    ledger.require_writing()
    shown = grant_body(ledger, grant)

    def render(token: Token, has_secret: bool) -> bytes:
        secret = {"token": token.text} if has_secret else {}
        return json_bytes({"lookup": token.lookup} | shown | secret)

    answer = ledger.credentials.make_token(
        grant, request=idempotent_request(request, body), render=render
    )
    headers = {"Cache-Control": "no-store"}
    headers |= {"Idempotent-Replayed": "true"} if answer.is_replay else {}
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


def _grant(request: Request, wish: TokenWish) -> Grant:
    viewer, now = submitting(request), ledger_of(request).clock.now()
    scopes = frozenset(wish.scopes)
    for scope in SCOPES:
        if scope in scopes - viewer.scopes:
            raise ScopeMissing(scope)
    expires_at = now + TOKEN_SECONDS
    if wish.expires_at is not None:
        expires_at = parse_time(wish.expires_at, pointer="/expires_at")
    if not now < expires_at <= now + TOKEN_SECONDS_MAX:
        raise invalid("/expires_at", "within_days:400")
    return Grant(viewer.participant, viewer.person, scopes, expires_at)


@router.get(
    "/tokens",
    summary="The tokens of one's participant, ended ones too, without their secrets",
    openapi_extra=query_parameters(),
)
def list_tokens(request: Request) -> Response:
    viewer = viewer_of(request)
    viewer.require("read")
    participant = viewer.participant
    assert participant is not None, "no token without a participant may read"

    def fetch(reading: Reading, page: Page) -> list[Item]:
        rows = tokens_of(reading, participant, page)
        names = names_of(reading, {participant})
        return [(row["seq"], _body(row, names)) for row in rows]

    return list_response(request, Listing(fetch, _COLUMNS))


def _body(row: dict[str, Any], names: dict[bytes, str]) -> dict[str, Any]:
    shown = row_to_wire(
        {name: value for name, value in row.items() if name not in ("seq", "scopes")}, names
    )
    day = row["last_used_day"]
    used = None if day is None else row_to_wire({"time": day * _DAY_SECONDS}, {})["time"][:10]
    scopes = scopes_of(row["scopes"])
    return shown | {
        "scopes": [scope for scope in SCOPES if scope in scopes],
        "last_used_day": used,
    }


@router.delete("/tokens/{lookup}", status_code=204, summary="Revoke a token of one's participant")
def delete_token(request: Request, lookup: str) -> Response:
    participant = submitting(request).participant
    assert participant is not None, "no token without a participant may submit"
    ledger_of(request).credentials.revoke_token(lookup, participant=participant)
    return Response(status_code=204)
