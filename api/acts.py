"""One POST and two GETs a noun: signed acts in, recorded acts out (api.md, sections 1 and 2)."""

import json
import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import PROBLEM, json_bytes, language_of
from api.fields import hashes_in, hex_text, parse_hex, row_to_wire, time_text, to_wire
from api.messages import ENVELOPES, IN_CUSTODY, NOUN_OF, NOUNS, parse_act
from api.paging import PAGING, list_answer, page_of, query_parameters
from api.requests import (
    idempotent_request,
    ledger_of,
    parse_json,
    read_body,
    require_json,
    submitting,
)
from api.submissions import freshness_fields, submission_body, wait_of
from ledger.access.viewer import Viewer
from ledger.assembly import Accepted, Ledger, Reading, SignedAct
from ledger.emissions.queries import report_standing
from ledger.identifiers.queries import names_of
from ledger.identifiers.service import is_custodial
from ledger.outbox.act import OFF_CHAIN, Envelope
from ledger.outbox.idempotency import Answer
from ledger.outbox.idempotency import Request as IdempotentRequest
from ledger.outbox.queries import submission_standing
from ledger.outbox.recorded import act_of_type, act_page, filters_of, freshness
from ledger.preparation import PartialMessage
from ledger.verification.findings import findings_of

router = APIRouter(prefix="/v1")
_POLL_SECONDS = 0.01
_SETTLED = ("final", "refused")


def _accept(request: Request, message_type: str, body: bytes) -> Response:
    viewer = submitting(request)
    require_json(request)
    ledger = ledger_of(request)
    waiting = wait_of(request)
    brought, _ = parse_act(message_type, parse_json(body))
    asked = idempotent_request(request, body)

    def take(envelope: Envelope) -> Answer:
        return ledger.accept(
            envelope, carrier=viewer.participant, request=asked, render=accepted_body
        )[1]

    answer = _taken(ledger, brought, viewer, request=asked, take=take)
    headers = {"Idempotent-Replayed": "true"} if answer.is_replay else {}
    if waiting is not None:
        act_id = bytes.fromhex(json.loads(answer.body)["id"][2:])
        settled = _wait(ledger, act_id, seconds=waiting, language=language_of(request))
        if settled is not None:
            return settled
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


def _taken(
    ledger: Ledger,
    brought: Envelope | PartialMessage,
    viewer: Viewer,
    *,
    request: IdempotentRequest,
    take: Callable[[Envelope], Answer],
) -> Answer:
    """What comes signed is taken in as it is, what is entrusted is signed here first."""
    if isinstance(brought, Envelope):
        return take(brought)
    ledger.require_writing()
    now = ledger.clock.now()
    return ledger.custody.sign_once(brought, viewer, request=request, now=now, take=take)


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


def _wait(ledger: Ledger, act_id: bytes, *, seconds: int, language: str) -> Response | None:
    """The submission once it is settled, the problem of a refused one, None in time's end."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with ledger.reading() as reading:
            standing = submission_standing(reading, act_id)
            if standing.state in _SETTLED:
                body = submission_body(reading, standing, language=language)
                if standing.refusal is None:
                    return Response(json_bytes(body), media_type="application/json")
                return Response(
                    json_bytes(body["refusal"]), body["refusal"]["status"], media_type=PROBLEM
                )
        time.sleep(_POLL_SECONDS)
    return None


def _keep(request: Request, message_type: str, body: bytes) -> Response:
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

    answer = _taken(ledger, brought, viewer, request=asked, take=take)
    headers = {"Idempotent-Replayed": "true"} if answer.is_replay else {}
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


def _kept_body(act: SignedAct) -> bytes:
    act_id = hex_text(act.id)
    resource = f"/v1/{NOUN_OF[act.type]}/{act_id}"
    if act.type == "Finding":
        resource = f"/v1/reports/{hex_text(act.message['report'])}/findings"
    return json_bytes({"id": act_id, "type": act.type, "resource": resource})


def _get(request: Request, message_type: str, act_id: str) -> dict[str, Any]:
    wanted = parse_hex(act_id, size=32, pointer="/id")
    with ledger_of(request).reading() as reading:
        row = act_of_type(reading, message_type, wanted)
        return act_body(reading, message_type, row) | freshness_fields(reading)


def act_body(reading: Reading, message_type: str, row: dict[str, Any]) -> dict[str, Any]:
    """A recorded act as it is shown."""
    shown = {name: value for name, value in row.items() if name != "seq"}
    if message_type == "Report":
        shown |= report_standing(reading, row)
    body = {"type": message_type} | row_to_wire(shown, names_of(reading, hashes_in([shown])))
    is_final = row["block"] <= freshness(reading).final_block
    body |= {"signed_in_custody": is_custodial(reading, row["actor"], row["key"])}
    return body | {"finality": "final" if is_final else "provisional"}


def _list(request: Request, message_type: str) -> dict[str, Any]:
    with ledger_of(request).reading() as reading:
        page = page_of(request, reading, known=filters_of(message_type))
        rows = act_page(reading, message_type, page)
        items = [act_body(reading, message_type, row) for row in rows]
        return list_answer(request, reading, items, rows=rows, page=page)


def _add_posting(noun: str, message_type: str) -> None:
    is_kept = message_type in OFF_CHAIN
    take = _keep if is_kept else _accept

    async def post(request: Request) -> Response:
        body = await read_body(request)
        return await run_in_threadpool(take, request, message_type, body)

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


def _add_reading(noun: str, message_type: str) -> None:
    def get_one(request: Request, act_id: str) -> dict[str, Any]:
        return _get(request, message_type, act_id)

    router.add_api_route(
        f"/{noun}/{{act_id}}",
        get_one,
        operation_id=f"get_{noun.replace('-', '_')}",
        summary=f"One recorded {message_type}",
        tags=[noun],
    )


def _add_listing(noun: str, message_type: str) -> None:
    def get_list(request: Request) -> dict[str, Any]:
        return _list(request, message_type)

    router.add_api_route(
        f"/{noun}",
        get_list,
        openapi_extra=query_parameters(*filters_of(message_type), *PAGING),
        operation_id=f"list_{noun.replace('-', '_')}",
        summary=f"Recorded {noun}, oldest first",
        tags=[noun],
    )


# Subjects and keys are read as what they are now, by routes of their own.
_OWN_READING = OFF_CHAIN.keys() | {"Registration"}
_OWN_LISTING = _OWN_READING | {"KeyAddition"}

for _noun, _message_type in NOUNS.items():
    _add_posting(_noun, _message_type)
    if _message_type not in _OWN_READING:
        _add_reading(_noun, _message_type)
    if _message_type not in _OWN_LISTING:
        _add_listing(_noun, _message_type)


@router.get(
    "/reports/{act_id}/findings", tags=["findings"], summary="Findings on one report version"
)
def get_findings(request: Request, act_id: str) -> dict[str, Any]:
    report = parse_hex(act_id, size=32, pointer="/id")
    with ledger_of(request).reading() as reading:
        act_of_type(reading, "Report", report)
        rows = [
            {name: value for name, value in row.items() if name != "seq"}
            for row in findings_of(reading, report)
        ]
        names = names_of(reading, hashes_in(rows))
        items = [row_to_wire(row, names) for row in rows]
        return {"items": items, "next": None} | freshness_fields(reading)
