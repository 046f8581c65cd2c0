"""One POST and two GETs a noun: signed acts in, recorded acts out (api.md, sections 1 and 2)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.fields import hashes_in, parse_hex, row_to_wire
from api.freshness import freshness_fields
from api.lists import Item, Listing, list_response
from api.nouns import NOUNS
from api.paging import query_parameters, reading_of
from api.requests import (
    reader_of,
)
from api.singles import single_response
from api.views import seen_fields
from ledger.assembly import Reading
from ledger.emissions.queries import evidence_standing, report_standing
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import names_of
from ledger.identifiers.service import is_custodial
from ledger.messages import OFF_CHAIN
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
_SETTLED = ("final", "refused")
# Of acts that later ones change: how they stand, and the fields that say so.
_STANDING = {
    "Evidence": (evidence_standing, ("state", "is_late")),
    "Report": (report_standing, ("version", "state", "statement", "confirmation")),
}


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
    _, standing = _STANDING.get(message_type, (None, ()))
    return ["type", "view", *fields, "actor", *standing, "finality", "signed_in_custody"]


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
