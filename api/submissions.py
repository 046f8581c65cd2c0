"""What became of a submission."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from api.errors import language_of, problem
from api.fields import hashes_in, hex_text, invalid, parse_count, parse_hex, time_text, to_wire
from api.freshness import freshness_fields
from api.lists import Item, Listing, list_response
from api.nouns import NOUN_OF
from api.paging import query_parameters
from api.requests import ledger_of, reader_of
from api.singles import single_response
from ledger.access.submissions import seen_standing, submission_page
from ledger.assembly import Reading
from ledger.identifiers.queries import names_of
from ledger.identifiers.service import is_custodial
from ledger.outbox.queries import STATES, Standing, standing_of
from ledger.outbox.recorded import Page

router = APIRouter(prefix="/v1", tags=["submissions"])
_WAIT_SECONDS, _WAIT_SECONDS_MAX = 10, 30
_FILTERS = ["actor", "state", "type"]
_COLUMNS = (
    "id",
    "type",
    "actor",
    "signed_in_custody",
    "state",
    "attempt",
    "accepted_at",
    "deadline",
    "transaction",
    "block",
    "refusal",
    "resource",
    "acknowledgement",
)


def wait_of(request: Request) -> int | None:
    """How long to wait for the final state; None: not at all. Raises FieldInvalid."""
    wanted = request.query_params.get("wait")
    if wanted is None:
        return None
    if wanted not in ("provisional", "final"):
        raise invalid("/wait", "one_of:provisional,final")
    text = request.query_params.get("wait_seconds", str(_WAIT_SECONDS))
    return parse_count(text, most=_WAIT_SECONDS_MAX, pointer="/wait_seconds")


def submission_body(reading: Reading, standing: Standing, *, language: str) -> dict[str, Any]:
    """A submission as it is shown."""
    refusal = standing.refusal
    facts = [] if refusal is None else [refusal.facts]
    names = names_of(reading, {standing.actor} | hashes_in(facts))
    act_id = hex_text(standing.id)
    told = None
    if refusal is not None:
        told = problem(refusal, names=names, language=language)
        told |= {"decided_by": "contract", "instance": f"/v1/submissions/{act_id}"}
    answer = None if standing.answer is None else json.loads(standing.answer)
    is_recorded = standing.state in ("provisional", "final")
    return {
        "id": act_id,
        "type": standing.type,
        "actor": to_wire("actor", standing.actor, names),
        "signed_in_custody": is_custodial(reading, standing.actor, standing.key),
        "state": standing.state,
        "attempt": standing.attempt,
        "accepted_at": to_wire("accepted_at", standing.accepted_at, names),
        "deadline": time_text(standing.deadline),
        "transaction": to_wire("transaction", standing.transaction, names),
        "block": standing.block,
        "refusal": told,
        "resource": f"/v1/{NOUN_OF[standing.type]}/{act_id}" if is_recorded else None,
        "acknowledgement": None if answer is None else answer["acknowledgement"],
    }


@router.get(
    "/submissions",
    summary="Own and carried acts in the order they came in",
    openapi_extra=query_parameters(*_FILTERS),
)
def list_submissions(request: Request) -> Response:
    viewer, language = reader_of(request), language_of(request)

    def fetch(reading: Reading, page: Page) -> list[Item]:
        rows = submission_page(reading, viewer, page)
        return [
            (row["seq"], submission_body(reading, standing_of(reading, row), language=language))
            for row in rows
        ]

    words = {"state": STATES, "type": tuple(NOUN_OF)}
    return list_response(request, Listing(fetch, _COLUMNS, _FILTERS, words))


@router.get("/submissions/{act_id}", summary="A submission: accepted, sent, final or refused")
def get_submission(request: Request, act_id: str) -> Response:
    wanted = parse_hex(act_id, size=32, pointer="/id")
    with ledger_of(request).reading() as reading:
        standing = seen_standing(reading, reader_of(request), wanted)
        body = submission_body(reading, standing, language=language_of(request))
        return single_response(request, body, freshness_fields(reading))
