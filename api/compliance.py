"""The enterprise-year: one roll-up that every person starts from, each with his view of it."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Request, Response

from api.fields import invalid, row_to_wire, time_text
from api.freshness import freshness_fields
from api.lists import Item, Listing, list_response
from api.paging import query_parameters, reading_of
from api.requests import reader_of
from api.singles import single_response
from identity.identifier import parse_identifier
from ledger.assembly import Reading
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import Page, time_of
from ledger.period import Period
from ledger.quotas.compliance import enterprise_year, gap_band
from ledger.quotas.sight import compliance_page, compliance_view

router = APIRouter(prefix="/v1", tags=["compliance"])
_FILTERS = ["park", "phase", "status"]
_WORDS = {
    "phase": ("reporting", "verifying", "due", "closed"),
    "status": ("open", "compliant", "short", "late_compliant"),
}
_SECONDS_PER_DAY = 86_400
_NAMED = ("enterprise", "year", "view", "phase", "status", "deadline", "days_left")
_OWED = ("due_tonnes", "surrendered_tonnes", "offset_tonnes", "remaining_tonnes")
_COLUMNS = (*_NAMED, "facilities", *_OWED, "available_tonnes", "gap_tonnes", "gap", "next")
# Of each view that does not see everything, what it sees (api.md, section 4).
_SEEN = {
    "case": (*_NAMED, "facilities", *_OWED),
    "park": (*_NAMED, "gap"),
    "public": ("enterprise", "year", "view", "status", "due_tonnes", "surrendered_tonnes"),
}
_SEARCHED = 200


@router.get(
    "/compliance/{year}",
    summary="The enterprises' year: due, surrendered, status",
    openapi_extra=query_parameters(*_FILTERS),
)
def list_compliance(request: Request, year: str) -> Response:
    viewer, wanted = reader_of(request), _year(year)

    def fetch(reading: Reading, page: Page) -> list[Item]:
        """Phase and status are computed: for them a page looks at no more than so many years."""
        computed = {name: page.filters[name] for name in _WORDS if name in page.filters}
        parks = {name: value for name, value in page.filters.items() if name not in computed}
        searched = replace(page, filters=parks, limit=_SEARCHED if computed else page.limit)
        rows = compliance_page(reading, viewer, searched, year=wanted)
        items: list[Item] = []
        for row in rows:
            body = _body(reading, row["hash"], year=wanted) | {"view": row["view"]}
            if _fits(body, computed):
                items.append((row["seq"], _shown(body)))
            if len(items) == page.limit:
                return items
        if len(rows) == searched.limit:
            items.append((rows[-1]["seq"], None))
        return items

    return list_response(request, Listing(fetch, _COLUMNS, _FILTERS, _WORDS))


@router.get(
    "/compliance/{year}/{prefix}/{suffix}",
    summary="One enterprise's year",
    openapi_extra=query_parameters("as_of", is_list=False),
)
def get_compliance(request: Request, year: str, prefix: str, suffix: str) -> Response:
    enterprise = parse_identifier(f"{prefix}/{suffix}").hash
    viewer, wanted = reader_of(request), _year(year)
    with reading_of(request) as reading:
        view = compliance_view(reading, viewer, enterprise, year=wanted)
        if view is None:
            raise ResourceUnknown(f"compliance/{year}/{prefix}/{suffix}")
        body = _body(reading, enterprise, year=wanted) | {"view": view}
        return single_response(request, _shown(body), freshness_fields(reading))


def _fits(body: Mapping[str, Any], filters: Mapping[str, str]) -> bool:
    return all(body[name] == value for name, value in filters.items())


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of the body's view; only a park is told the gap as a band alone."""
    seen = _SEEN.get(body["view"])
    if seen is None:
        return {name: value for name, value in body.items() if name != "gap"}
    return {name: body[name] for name in seen}


def _year(text: str) -> int:
    period = Period.from_text(text)
    if not period.is_year:
        raise invalid("/year", "year")
    return period.year


def _body(reading: Reading, enterprise: bytes, *, year: int) -> dict[str, Any]:
    """The whole year, with the gap as a number and as a band."""
    now = time_of(reading)
    one = enterprise_year(reading, enterprise, year=year, now=now)
    names = names_of(reading, {one.enterprise} | {each.facility for each in one.facilities})
    body = row_to_wire(asdict(one), names)
    body["facilities"] = [row_to_wire(asdict(each), names) for each in one.facilities]
    deadline = one.deadline
    left = None if deadline is None else max(0, (deadline - now) // _SECONDS_PER_DAY)
    next_act = body.pop("next_act")
    by = None if deadline is None else time_text(deadline)
    return body | {
        "deadline": by,
        "days_left": left,
        "next": [{"act": next_act, "by": by}] if next_act else [],
        "gap": gap_band(one),
    }
