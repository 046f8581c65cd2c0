"""One POST and two GETs a noun: signed acts in, recorded acts out (api.md, sections 1 and 2)."""

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import PROBLEM, json_bytes, language_of
from api.fields import hashes_in, hex_text, parse_hex, row_to_wire, time_text, to_wire
from api.freshness import freshness_fields
from api.lists import Item, Listing, list_response
from api.messages import ENVELOPES, NOUN_OF, NOUNS, parse_envelope
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
from ledger.assembly import Accepted, Ledger, Reading, SignedAct
from ledger.emissions.queries import evidence_standing, report_standing
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import names_of
from ledger.outbox.act import OFF_CHAIN
from ledger.outbox.queries import submission_standing
from ledger.outbox.recorded import (
    Page,
    act_of_type,
    act_page,
    fact_of,
    filters_of,
    freshness,
)
from ledger.verification.findings import FINDING_COLUMNS, findings_of
from ledger.visibility import sight_of

router = APIRouter(prefix="/v1")
_POLL_SECONDS = 0.01
_SETTLED = ("final", "refused")
# Of acts that later ones change: how they stand, and the fields that say so.
_STANDING = {
    "Evidence": (evidence_standing, ("state", "is_late")),
    "Report": (report_standing, ("version", "state", "statement", "confirmation")),
}


def _accept(request: Request, message_type: str, body: bytes) -> Response:
    viewer = submitting(request)
    require_json(request)
    ledger = ledger_of(request)
    waiting = wait_of(request)
    envelope, _ = parse_envelope(message_type, parse_json(body))
    act, answer = ledger.accept(
        envelope,
        carrier=viewer.participant,
        request=idempotent_request(request, body),
        render=accepted_body,
    )
    headers = {"Idempotent-Replayed": "true"} if answer.is_replay else {}
    if waiting is not None:
        settled = _wait(ledger, act.id, seconds=waiting, language=language_of(request))
        if settled is not None:
            return settled
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


def _wait(ledger: Ledger, act_id: bytes, *, seconds: int, language: str) -> Response | None:
    """The submission once it is settled, the problem of a refused one, None in time's end."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with ledger.reading() as reading:
            standing = submission_standing(reading, act_id)
            if standing.state in _SETTLED:
                body = submission_body(reading, standing, language=language)
                body |= freshness_fields(reading)
                if standing.refusal is None:
                    return Response(json_bytes(body), media_type="application/json")
                return Response(
                    json_bytes(body["refusal"]), body["refusal"]["status"], media_type=PROBLEM
                )
        time.sleep(_POLL_SECONDS)
    return None


def _keep(request: Request, message_type: str, body: bytes) -> Response:
    submitting(request)
    require_json(request)
    envelope, checked = parse_envelope(message_type, parse_json(body))
    countersignature = checked.get("countersignature")
    answer = ledger_of(request).keep(
        envelope,
        countersignature=bytes.fromhex(countersignature[2:]) if countersignature else None,
        request=idempotent_request(request, body),
        render=_kept_body,
    )
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
        is_fixed = message_type not in _STANDING and body["finality"] == "final"
        return single_response(request, body, freshness_fields(reading), is_immutable=is_fixed)


def act_body(reading: Reading, message_type: str, row: dict[str, Any]) -> dict[str, Any]:
    """A recorded act with the fields of its view."""
    shown = {name: value for name, value in row.items() if name != "seq"}
    if message_type in _STANDING:
        shown |= _STANDING[message_type][0](reading, row)
    body = {"type": message_type} | row_to_wire(shown, names_of(reading, hashes_in([shown])))
    is_final = row["block"] <= freshness(reading).final_block
    body["finality"] = "final" if is_final else "provisional"
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
    _, standing = _STANDING.get(message_type, (None, ()))
    return ["type", "view", *fields, "actor", *standing, "finality"]


def _add_posting(noun: str, message_type: str) -> None:
    is_kept = message_type in OFF_CHAIN
    take = _keep if is_kept else _accept

    async def post(request: Request) -> Response:
        body = await read_body(request)
        return await run_in_threadpool(take, request, message_type, body)

    schema = {"$ref": f"#/components/schemas/{ENVELOPES[message_type].__name__}"}
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


_STATES: dict[str, tuple[str, ...]] = {
    "Evidence": ("anchored", "replaced"),
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
