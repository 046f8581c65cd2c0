"""The enterprise-year: one roll-up that every person starts from, each with his view of it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Request, Response

from api.fields import invalid, row_to_wire, time_text
from api.freshness import freshness_fields
from api.lists import Item, Listing, list_response
from api.paging import query_parameters, reading_of
from api.requests import ledger_of, reader_of
from api.singles import single_response
from identity.identifier import parse_identifier
from ledger.access.viewer import Viewer
from ledger.assembly import Reading
from ledger.chain.bindings import KINDS
from ledger.emissions.sight import is_tenant, view_of_one
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import names_of, subject_page
from ledger.identifiers.service import kind_of
from ledger.outbox.recorded import Page, freshness
from ledger.period import Period
from ledger.quotas.compliance import EnterpriseYear, enterprise_year, gap_band

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
_CHUNK = 200


@router.get(
    "/compliance/{year}",
    summary="The enterprises' year: due, surrendered, status",
    openapi_extra=query_parameters(*_FILTERS),
)
def list_compliance(request: Request, year: str) -> Response:
    viewer, now, wanted = reader_of(request), _now(request), _year(year)

    def fetch(reading: Reading, page: Page) -> list[Item]:
        """Phase and status are computed, so that a page is searched until it is full."""
        filters, items, asked = dict(page.filters), list[Item](), page
        park = filters.pop("park", None)
        while len(items) < page.limit:
            asked = replace(asked, filters={"kind": KINDS["ENTERPRISE"]}, limit=_CHUNK)
            rows = subject_page(reading, asked)
            for row in rows:
                if park is not None and not is_tenant(reading, park, row["hash"]):
                    continue
                body = _seen(reading, viewer, row["hash"], year=wanted, now=now(reading))
                if body is not None and _fits(body, filters):
                    items.append((row["seq"], _shown(body)))
            if len(rows) < _CHUNK:
                break
            asked = replace(asked, after=rows[-1]["seq"])
        return items[: page.limit]

    return list_response(request, Listing(fetch, _COLUMNS, _FILTERS, _WORDS))


@router.get(
    "/compliance/{year}/{prefix}/{suffix}",
    summary="One enterprise's year",
    openapi_extra=query_parameters("as_of", is_list=False),
)
def get_compliance(request: Request, year: str, prefix: str, suffix: str) -> Response:
    enterprise = parse_identifier(f"{prefix}/{suffix}").hash
    viewer, now, wanted = reader_of(request), _now(request), _year(year)
    with reading_of(request) as reading:
        body = _seen(reading, viewer, enterprise, year=wanted, now=now(reading))
        if body is None:
            raise ResourceUnknown(f"compliance/{year}/{prefix}/{suffix}")
        return single_response(request, _shown(body), freshness_fields(reading))


def _now(request: Request) -> Callable[[Reading], int]:
    """The time at which what time decides is computed: the clock's, or of the moment asked for."""
    clock = ledger_of(request).clock
    if "as_of" in request.query_params or "cursor" in request.query_params:
        return lambda reading: freshness(reading).head_time
    return lambda _reading: clock.now()


def _seen(
    reading: Reading, viewer: Viewer, enterprise: bytes, *, year: int, now: int
) -> dict[str, Any] | None:
    """The whole year with the view it is seen in; None where it is not seen.

    The public sees it after the deadline.
    """
    if kind_of(reading, enterprise) != KINDS["ENTERPRISE"]:
        return None
    view = view_of_one(reading, viewer, enterprise, year=year)
    one = enterprise_year(reading, enterprise, year=year, now=now)
    if view == "public" and one.phase != "closed":
        return None
    return _body(reading, one, now) | {"view": view}


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


def _body(reading: Reading, one: EnterpriseYear, now: int) -> dict[str, Any]:
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
