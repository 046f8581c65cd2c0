"""How a report's figure comes about, for those who may see its activity data."""

from typing import Any

from fastapi import APIRouter, Request

from api.fields import hashes_in, hex_text, invalid, parse_hex, row_to_wire, to_wire
from api.paging import query_parameters
from api.requests import ledger_of, viewer_of
from api.submissions import freshness_fields
from ledger.assembly import Reading
from ledger.chain.bindings import KINDS
from ledger.emissions.explanation import (
    ExplainedMonth,
    Explanation,
    MeteredLine,
    exact_text,
    report_explanation,
)
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import act_of_type
from ledger.rules.loader import Carrier, RulePack
from ledger.verification.cases import sees_activity

router = APIRouter(prefix="/v1", tags=["reports"])
_REASON_CHARACTERS_MAX = 200


@router.get(
    "/reports/{act_id}/explanation",
    summary="A report computed anew from the readings held: quantity × factor = grams, by month",
    openapi_extra=query_parameters("reason"),
)
def get_explanation(request: Request, act_id: str) -> dict[str, Any]:
    wanted = parse_hex(act_id, size=32, pointer="/id")
    viewer, ledger = viewer_of(request), ledger_of(request)
    with ledger.reading() as reading:
        report = act_of_type(reading, "Report", wanted)
        if not sees_activity(reading, viewer, report, now=ledger.clock.now()):
            raise ResourceUnknown(f"reports/{act_id}/explanation")
        if viewer.kind == KINDS["REGULATOR"]:
            _require_reason(request)
        told = report_explanation(reading, report)
        head = {name: report[name] for name in ("id", "facility", "period")}
        signed = {name: report[name] for name in ("direct_grams", "indirect_grams")}
        return (
            row_to_wire(head, names_of(reading, hashes_in([head])))
            | _body(reading, told)
            | {"signed": signed, "is_match": told.is_match}
            | freshness_fields(reading)
        )


def _require_reason(request: Request) -> None:
    """A regulator says why it looks; raises FieldInvalid."""
    if not 1 <= len(request.query_params.get("reason", "").strip()) <= _REASON_CHARACTERS_MAX:
        raise invalid("/reason", f"characters:1,{_REASON_CHARACTERS_MAX}")


def _body(reading: Reading, told: Explanation) -> dict[str, Any]:
    meters = {line.meter for month in told.months for line in month.lines}
    names = names_of(reading, meters)
    return {
        "rule_pack": {"hash": hex_text(told.pack.hash), "name": told.pack.name},
        "carriers": {
            name: _carrier_body(name, one, told.pack) for name, one in told.carriers.items()
        },
        "months": [_month_body(month, names) for month in told.months],
        "missing_months": [to_wire("month", month, {}) for month in told.missing_months],
        "computed": {"direct_grams": told.direct_grams, "indirect_grams": told.indirect_grams},
    }


def _carrier_body(name: str, carrier: Carrier, pack: RulePack) -> dict[str, Any]:
    return {
        "category": carrier.category,
        "unit": carrier.unit,
        "grams_per_unit": exact_text(carrier.grams_per_unit),
        "terms": pack.document["carriers"][name]["grams_per_unit"],  # as the norm writes them
    }


def _month_body(month: ExplainedMonth, names: dict[bytes, str]) -> dict[str, Any]:
    return {
        "month": to_wire("month", month.month, {}),
        "lines": [_line_body(line, names) for line in month.lines],
        "direct_grams": month.direct_grams,
        "indirect_grams": month.indirect_grams,
    }


def _line_body(line: MeteredLine, names: dict[bytes, str]) -> dict[str, Any]:
    return {
        "meter": to_wire("meter", line.meter, names),
        "carrier": line.carrier,
        "quantity": format(line.quantity, "f"),
        "grams": exact_text(line.grams),
        "document": hex_text(line.document),
        "root": hex_text(line.root),
    }
