"""One POST a noun: signed acts in, each answered with its acknowledgement (api.md, section 1)."""

import asyncio
import json
from typing import TypeAlias

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import PROBLEM, json_bytes, language_of
from api.fields import hex_text, time_text, to_wire
from api.freshness import freshness_fields
from api.groups import Groups
from api.messages import ENVELOPES, IN_CUSTODY, parse_act
from api.nouns import NOUN_OF, NOUNS
from api.requests import (
    charge,
    idempotent_request,
    ledger_of,
    parse_json,
    read_body,
    require_json,
    submitting,
)
from api.submissions import submission_body, wait_of
from ledger.access.viewer import Viewer
from ledger.assembly import Accepted, Asked, Brought, Ledger, Reading, SignedAct
from ledger.errors import Refused
from ledger.identifiers.queries import names_of
from ledger.messages import OFF_CHAIN
from ledger.outbox.act import Envelope
from ledger.outbox.idempotency import Answer
from ledger.outbox.idempotency import Request as IdempotentRequest
from ledger.outbox.queries import submission_standing
from ledger.preparation import PartialMessage

router = APIRouter(prefix="/v1")
_SETTLED = ("final", "refused")
_ACTS_PER_GROUP = 64
_GROUPS_AHEAD = 2  # one being committed, and one that can be right after it
_USUAL_BYTES_MAX = 8 * 1024
Acceptance: TypeAlias = Groups[Asked, Answer, Refused]


def acceptance_of(ledger: Ledger) -> Acceptance:
    """The way in for acts that come one by one: they share a snapshot and a commit."""
    return Groups(
        lambda asked: ledger.accept_together(asked), most=_ACTS_PER_GROUP, ahead=_GROUPS_AHEAD
    )


async def _accept(request: Request, message_type: str, body: bytes) -> Response:
    """Take it in and wait, if that is wished: no thread is held by who waits."""
    viewer = submitting(request)
    charge(request, acts=1)
    require_json(request)
    waiting = wait_of(request)
    key = idempotent_request(request, body)
    act = await _read(message_type, body)
    if isinstance(act, Envelope):
        acceptance: Acceptance = request.app.state.acceptance
        answer = await acceptance.outcome(_asked(act, viewer, key))
    else:
        answer = await run_in_threadpool(_sign_and_take, ledger_of(request), act, viewer, key)
    if waiting is not None and (settled := await _awaited(request, answer, seconds=waiting)):
        return settled
    return _written(answer)


async def _read(message_type: str, body: bytes) -> Envelope | PartialMessage:
    """The act of a body; one that is longer than acts are keeps nobody else waiting."""
    if len(body) > _USUAL_BYTES_MAX:
        return await run_in_threadpool(_parse, message_type, body)
    return _parse(message_type, body)


def _parse(message_type: str, body: bytes) -> Envelope | PartialMessage:
    return parse_act(message_type, parse_json(body))[0]


def _asked(envelope: Envelope, viewer: Viewer, key: IdempotentRequest) -> Asked:
    return Asked(envelope, Brought(viewer.participant, accepted_body), key)


def _sign_and_take(
    ledger: Ledger, message: PartialMessage, viewer: Viewer, key: IdempotentRequest
) -> Answer:
    """What is entrusted is signed here first."""

    def take(envelope: Envelope) -> Answer:
        return ledger.accept(_asked(envelope, viewer, key))

    now = ledger.clock.now()
    return ledger.custody.sign_once(message, viewer, request=key, now=now, take=take)


def _written(answer: Answer) -> Response:
    headers = {"Idempotent-Replayed": "true"} if answer.is_replay else {}
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


def accepted_body(reading: Reading, accepted: Accepted) -> bytes:
    """The answer to an accepted act, as it is kept and given again."""
    names = names_of(reading, {accepted.actor, accepted.acknowledgement.service})
    promised, act = accepted.acknowledgement, accepted.act
    act_id = hex_text(act.id)
    return json_bytes(
        {
            "id": act_id,
            "type": act.type,
            "actor": to_wire("actor", accepted.actor, names),
            "submission": f"/v1/submissions/{act_id}",
            "resource": f"/v1/{NOUN_OF[act.type]}/{act_id}",
            "acknowledgement": {
                "accepted_at": time_text(promised.accepted_at),
                "carry_by": time_text(promised.carry_by),
                "head": hex_text(promised.head),
                "service": to_wire("service", promised.service, names),
                "signature": hex_text(accepted.signature),
            },
        }
    )


async def _awaited(request: Request, answer: Answer, *, seconds: int) -> Response | None:
    """What became of an act within the time, if anything did."""
    ledger, act_id = ledger_of(request), bytes.fromhex(json.loads(answer.body)["id"][2:])
    if not await _until_settled(ledger, act_id, seconds=seconds):
        return None
    return await run_in_threadpool(_settled, ledger, act_id, language=language_of(request))


async def _until_settled(ledger: Ledger, act_id: bytes, *, seconds: int) -> bool:
    """Whether the submission was settled within the time."""
    try:
        settlement = asyncio.wrap_future(ledger.settlements.settlement(act_id))
        await asyncio.wait_for(settlement, seconds)
    except TimeoutError:
        return False
    return True


def _settled(ledger: Ledger, act_id: bytes, *, language: str) -> Response | None:
    """The submission, the problem of a refused one; None when a reorganisation undid it."""
    with ledger.reading() as reading:
        standing = submission_standing(reading, act_id)
        if standing.state not in _SETTLED:
            return None
        body = submission_body(reading, standing, language=language)
        body |= freshness_fields(reading)
    if standing.refusal is None:
        return Response(json_bytes(body), media_type="application/json")
    problem = body["refusal"]
    return Response(json_bytes(problem), problem["status"], media_type=PROBLEM)


async def _keep(request: Request, message_type: str, body: bytes) -> Response:
    return await run_in_threadpool(_keep_at_once, request, message_type, body)


def _keep_at_once(request: Request, message_type: str, body: bytes) -> Response:
    viewer = submitting(request)
    require_json(request)
    ledger = ledger_of(request)
    brought, checked = parse_act(message_type, parse_json(body))
    countersignature = checked.get("countersignature")
    asked = idempotent_request(request, body)

    def take(envelope: Envelope) -> Answer:
        return ledger.keep(
            envelope,
            countersignature=bytes.fromhex(countersignature[2:]) if countersignature else None,
            request=asked,
            render=_kept_body,
        )

    if isinstance(brought, Envelope):
        return _written(take(brought))
    ledger.require_writing()
    now = ledger.clock.now()
    return _written(ledger.custody.sign_once(brought, viewer, request=asked, now=now, take=take))


def _kept_body(act: SignedAct) -> bytes:
    act_id = hex_text(act.id)
    resource = f"/v1/{NOUN_OF[act.type]}/{act_id}"
    if act.type == "Finding":
        resource = f"/v1/reports/{hex_text(act.message['report'])}/findings"
    return json_bytes({"id": act_id, "type": act.type, "resource": resource})


def _add_posting(noun: str, message_type: str) -> None:
    is_kept = message_type in OFF_CHAIN
    take = _keep if is_kept else _accept

    async def post(request: Request) -> Response:
        body = await read_body(request)
        return await take(request, message_type, body)

    models = (ENVELOPES[message_type], IN_CUSTODY[message_type])
    schema = {"anyOf": [{"$ref": f"#/components/schemas/{one.__name__}"} for one in models]}
    content = {"required": True, "content": {"application/json": {"schema": schema}}}
    router.add_api_route(
        f"/{noun}",
        post,
        methods=["POST"],
        operation_id=f"post_{noun.replace('-', '_')}",
        summary=f"{'Keep' if is_kept else 'Submit'} a signed {message_type}",
        status_code=201 if is_kept else 202,
        openapi_extra={"requestBody": content},
        tags=[noun],
    )


for _noun, _message_type in NOUNS.items():
    _add_posting(_noun, _message_type)
