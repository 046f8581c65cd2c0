"""What an owner lets a park, a bank or an auditor see beyond its role: dated, listed, no chain."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.fields import hashes_in, invalid, row_to_wire
from api.lists import Item, Listing, list_response
from api.paging import asked_filters, query_parameters
from api.requests import ledger_of, submitting, viewer_of
from identity.identifier import parse_identifier
from ledger.access.grants import GRANTED, Disclosure, Granted, grants_page
from ledger.assembly import Reading
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import Page
from ledger.period import Period

router = APIRouter(prefix="/v1", tags=["grants"])
_FILTERS = ["period", "resource"]
_COLUMNS = ("participant", "owner", "resource", "period", "created_at", "ended_at")
_QUERY: dict[str, Any] = query_parameters(*_FILTERS, is_list=False)
for _parameter in _QUERY["parameters"]:
    _parameter["required"] = True


@router.put(
    "/grants/{prefix}/{suffix}",
    summary="Let a participant see my accounts, or my documents and readings, of a year",
    openapi_extra=_QUERY,
)
def put_grant(request: Request, prefix: str, suffix: str) -> dict[str, Any]:
    ledger = ledger_of(request)
    row = ledger.grant(_disclosure(request, prefix, suffix))
    with ledger.reading() as reading:
        return _body(row, names_of(reading, {row["owner"], row["grantee"]}))


@router.delete(
    "/grants/{prefix}/{suffix}",
    status_code=204,
    summary="End what was granted; what was seen stays seen",
    openapi_extra=_QUERY,
)
def delete_grant(request: Request, prefix: str, suffix: str) -> Response:
    ledger_of(request).end_grant(_disclosure(request, prefix, suffix))
    return Response(status_code=204)


@router.get(
    "/grants",
    summary="What I granted and was granted, ended ones too",
    openapi_extra=query_parameters(),
)
def list_grants(request: Request) -> Response:
    viewer = viewer_of(request)
    viewer.require("read")

    def fetch(reading: Reading, page: Page) -> list[Item]:
        if viewer.participant is None:
            return []
        rows = grants_page(reading, viewer.participant, page)
        names = names_of(reading, hashes_in(rows))
        return [(row["seq"], _body(row, names)) for row in rows]

    return list_response(request, Listing(fetch, _COLUMNS))


def _disclosure(request: Request, prefix: str, suffix: str) -> Disclosure:
    owner = submitting(request).participant
    assert owner is not None, "no token without a participant may submit"
    asked = asked_filters(request, _FILTERS)
    for name in _FILTERS:
        if name not in asked:
            raise invalid(f"/{name}", "missing")
    period = Period.from_text(asked["period"])
    if not period.is_year:
        raise invalid("/period", "year")
    grantee = parse_identifier(f"{prefix}/{suffix}").hash
    return Disclosure(owner, grantee, _granted(asked["resource"]), period.year)


def _granted(text: str) -> Granted:
    for resource in GRANTED:
        if resource == text:
            return resource
    raise invalid("/resource", "one_of:" + ",".join(GRANTED))


def _body(row: dict[str, Any], names: dict[bytes, str]) -> dict[str, Any]:
    shown = {
        "participant": row["grantee"],
        "owner": row["owner"],
        "resource": row["resource"],
        "period": row["year"] * 100,
        "created_at": row["created_at"],
        "ended_at": row["ended_at"],
    }
    return row_to_wire(shown, names)
