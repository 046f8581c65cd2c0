"""The enterprise-year: one roll-up that every person starts from."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request

from api.fields import invalid, row_to_wire, time_text
from api.paging import asked_filters, query_parameters
from api.requests import ledger_of
from api.submissions import freshness_fields
from identity.identifier import parse_identifier
from ledger.assembly import Reading
from ledger.chain.bindings import KINDS
from ledger.identifiers.queries import names_of, subject_by_hash, subjects
from ledger.period import Period
from ledger.quotas.compliance import EnterpriseYear, enterprise_year

router = APIRouter(prefix="/v1", tags=["compliance"])
_FILTERS = ["phase", "status"]
_SECONDS_PER_DAY = 86_400


@router.get(
    "/compliance/{year}",
    summary="Every enterprise's year: due, surrendered, status",
    openapi_extra=query_parameters(*_FILTERS),
)
def list_compliance(request: Request, year: str) -> dict[str, Any]:
    asked = asked_filters(request, _FILTERS)
    ledger = ledger_of(request)
    now = ledger.clock.now()
    with ledger.reading() as reading:
        enterprises = subjects(reading, parent=None, kind=KINDS["ENTERPRISE"])
        years = [
            enterprise_year(reading, row["hash"], year=_year(year), now=now) for row in enterprises
        ]
        items = [
            _body(reading, one, now)
            for one in years
            if all(getattr(one, name) == value for name, value in asked.items())
        ]
        return {"items": items, "next": None} | freshness_fields(reading)


@router.get("/compliance/{year}/{prefix}/{suffix}", summary="One enterprise's year")
def get_compliance(request: Request, year: str, prefix: str, suffix: str) -> dict[str, Any]:
    enterprise = parse_identifier(f"{prefix}/{suffix}").hash
    ledger = ledger_of(request)
    now = ledger.clock.now()
    with ledger.reading() as reading:
        subject_by_hash(reading, enterprise)
        one = enterprise_year(reading, enterprise, year=_year(year), now=now)
        return _body(reading, one, now) | freshness_fields(reading)


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
    }
