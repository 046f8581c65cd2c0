"""One POST and two GETs a noun: signed acts in, recorded acts out (api.md, sections 1 and 2)."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import PROBLEM, json_bytes, language_of
from api.fields import hashes_in, hex_text, parse_hex, row_to_wire, time_text, to_wire
from api.freshness import freshness_fields
from api.lists import Item, Listing, list_response
from api.messages import ENVELOPES, IN_CUSTODY, parse_act
from api.nouns import NOUN_OF, NOUNS
from api.paging import query_parameters, reading_of
from api.requests import (
    idempotent_request,
    ledger_of,
    parse_json,
    read_body,
    reader_of,
    require_json,
    submitting,
)
from api.singles import single_response
from api.submissions import submission_body, wait_of
from api.views import seen_fields
from ledger.access.viewer import Viewer
from ledger.assembly import Accepted, Ledger, Reading, SignedAct
from ledger.emissions.queries import report_standing
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import names_of
from ledger.identifiers.service import is_custodial
from ledger.messages import OFF_CHAIN
from ledger.outbox.act import Envelope
from ledger.outbox.idempotency import Answer
from ledger.outbox.idempotency import Request as IdempotentRequest
from ledger.outbox.queries import submission_standing
from ledger.outbox.recorded import (
    Page,
    act_of_type,
    act_page,
    fact_of,
    filters_of,
    freshness,
)
from ledger.preparation import PartialMessage
from ledger.verification.findings import FINDING_COLUMNS, findings_of
from ledger.visibility import sight_of

router = APIRouter(prefix="/v1")
_SETTLED = ("final", "refused")


@dataclass(frozen=True, slots=True)
class _Taken:
    """An act taken in, its answer, and how many seconds its sender waits for more."""

    id: bytes
    answer: Response
    waiting: int | None


async def _accept(request: Request, message_type: str, body: bytes) -> Response:
    """Take it in and wait, if that is wished: no thread is held by who waits."""
    taken = await run_in_threadpool(_take, request, message_type, body)
    if taken.waiting is not None:
        ledger = ledger_of(request)
        if await _until_settled(ledger, taken.id, seconds=taken.waiting):
            language = language_of(request)
            settled = await run_in_threadpool(_settled, ledger, taken.id, language=language)
            return settled or taken.answer
    return taken.answer


def _take(request: Request, message_type: str, body: bytes) -> _Taken:
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
    response = Response(answer.body, answer.status, headers=headers, media_type="application/json")
    act_id = bytes.fromhex(json.loads(answer.body)["id"][2:])
    return _Taken(act_id, response, waiting)


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

    answer = _taken(ledger, brought, viewer, request=asked, take=take)
    headers = {"Idempotent-Replayed": "true"} if answer.is_replay else {}
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


def _kept_body(act: SignedAct) -> bytes:
    act_id = hex_text(act.id)
    resource = f"/v1/{NOUN_OF[act.type]}/{act_id}"
    if act.type == "Finding":
        resource = f"/v1/reports/{hex_text(act.message['report'])}/findings"
    return json_bytes({"id": act_id, "type": act.type, "resource": resource})


def _get(request: Request, message_type: str, act_id: str) -> Response:
    wanted = parse_hex(act_id, size=32, pointer="/id")
    with reading_of(request) as reading:
        sight = sight_of(reading, reader_of(request), message_type)
        row = act_of_type(reading, message_type, wanted, sight)
        body = act_body(reading, message_type, row)
        is_fixed = message_type != "Report" and body["finality"] == "final"
        return single_response(request, body, freshness_fields(reading), is_immutable=is_fixed)


def act_body(reading: Reading, message_type: str, row: dict[str, Any]) -> dict[str, Any]:
    """A recorded act with the fields of its view."""
    shown = {name: value for name, value in row.items() if name != "seq"}
    if message_type == "Report":
        shown |= report_standing(reading, row)
    body = {"type": message_type} | row_to_wire(shown, names_of(reading, hashes_in([shown])))
    is_final = row["block"] <= freshness(reading).final_block
    body["finality"] = "final" if is_final else "provisional"
    body["signed_in_custody"] = is_custodial(reading, row["actor"], row["key"])
    return seen_fields(message_type, body)


def _listing(request: Request, message_type: str) -> Listing:
    viewer = reader_of(request)

    def fetch(reading: Reading, page: Page) -> list[Item]:
        rows = act_page(reading, message_type, page, sight_of(reading, viewer, message_type))
        return [(row["seq"], act_body(reading, message_type, row)) for row in rows]

    words = _STATES.get(message_type)
    filters = [*filters_of(message_type), *(["state"] if words else [])]
    return Listing(fetch, _columns(message_type), filters, {"state": words} if words else None)


def _columns(message_type: str) -> list[str]:
    """The columns of a file of these acts."""
    fields = [column.name for column in fact_of(message_type).c if column.name != "seq"]
    standing = _STANDING if message_type == "Report" else []
    return ["type", "view", *fields, "actor", *standing, "finality", "signed_in_custody"]


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


def _add_reading(noun: str, message_type: str) -> None:
    def get_one(request: Request, act_id: str) -> Response:
        return _get(request, message_type, act_id)

    router.add_api_route(
        f"/{noun}/{{act_id}}",
        get_one,
        operation_id=f"get_{noun.replace('-', '_')}",
        summary=f"One recorded {message_type}",
        openapi_extra=query_parameters("as_of", is_list=False),
        tags=[noun],
    )


def _add_listing(noun: str, message_type: str) -> None:
    def get_list(request: Request) -> Response:
        return list_response(request, _listing(request, message_type))

    states = ["state"] if message_type in _STATES else []
    router.add_api_route(
        f"/{noun}",
        get_list,
        openapi_extra=query_parameters(*filters_of(message_type), *states),
        operation_id=f"list_{noun.replace('-', '_')}",
        summary=f"Recorded {noun} in the order of the chain",
        tags=[noun],
    )


_STANDING = ["version", "state", "statement", "confirmation"]
_STATES: dict[str, tuple[str, ...]] = {
    "Report": ("submitted", "attested", "confirmed", "superseded"),
    "Assignment": ("open", "closed"),
}
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
    "/reports/{act_id}/findings",
    tags=["findings"],
    summary="Findings on one report version, for its owner, its verifier and its regulator",
    openapi_extra=query_parameters(),
)
def list_findings(request: Request, act_id: str) -> Response:
    report = parse_hex(act_id, size=32, pointer="/id")
    viewer = reader_of(request)

    def fetch(reading: Reading, page: Page) -> list[Item]:
        row = act_of_type(reading, "Report", report, sight_of(reading, viewer, "Report"))
        if row["view"] in ("public", "park"):
            raise ResourceUnknown(f"0x{report.hex()}")
        rows = findings_of(reading, report, page)
        names = names_of(reading, hashes_in(rows))
        return [(row.pop("seq"), row_to_wire(row, names)) for row in rows]

    return list_response(request, Listing(fetch, FINDING_COLUMNS))
