"""Invitations of persons whose key the service shall hold: made by the owner, used once."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.errors import json_bytes
from api.fields import hex_text, time_text
from api.messages import validated
from api.requests import (
    idempotent_request,
    ledger_of,
    parse_json,
    read_body,
    require_json,
    submitting,
)
from api.sessions import grant_body, told_once
from identity.identifier import parse_identifier
from ledger.access.invitations import Invitation

router = APIRouter(prefix="/v1", tags=["invitations"])


class InvitationWish(BaseModel):
    """Whom to invite: a person, by its number inside a participant."""

    model_config = ConfigDict(strict=True, extra="forbid")
    participant: Annotated[str, Field(max_length=255)]
    person: Annotated[int, Field(ge=0, lt=2**32)]


@router.post(
    "/invitations",
    status_code=201,
    summary="Invite a participant's person; its owner then adds the custody key that is answered",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/InvitationWish"}}
            },
        }
    },
)
async def post_invitation(request: Request) -> Response:
    submitting(request)
    require_json(request)
    return await run_in_threadpool(_invite, request, await read_body(request))


def _invite(request: Request, body: bytes) -> Response:
    wish = validated(InvitationWish, parse_json(body))
    ledger = ledger_of(request)
    ledger.require_writing()
    participant = parse_identifier(wish.participant, allow_prefix=False)

    def render(invitation: Invitation, has_secret: bool) -> bytes:
        told: dict[str, Any] = {
            "participant": participant.name,
            "person": wish.person,
            "custody_key": hex_text(invitation.custody_key),
            "expires_at": time_text(invitation.expires_at),
        }
        return json_bytes(told | ({"secret": invitation.secret} if has_secret else {}))

    answer = ledger.credentials.invite(
        submitting(request),
        participant.hash,
        person=wish.person,
        request=idempotent_request(request, body),
        render=render,
    )
    headers = {"Cache-Control": "no-store"}
    headers |= {"Idempotent-Replayed": "true"} if answer.is_replay else {}
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


@router.post(
    "/invitations/{secret}",
    status_code=201,
    summary="The first token of the invited person, once; the secret is all that is asked for",
)
def post_accepted_invitation(request: Request, secret: str) -> Response:
    ledger = ledger_of(request)
    ledger.require_writing()
    session = ledger.credentials.accept_invitation(secret)
    return told_once(grant_body(ledger, session.grant) | {"token": session.token.text})
