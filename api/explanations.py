"""How a report's figure comes about, for those who may see its activity data."""

from typing import Any

from fastapi import APIRouter, Request

from api.fields import hashes_in, hex_text, parse_hex, row_to_wire, to_wire
from api.freshness import freshness_fields
from api.paging import query_parameters
from api.requests import ledger_of, reader_of
from ledger.assembly import Reading
from ledger.emissions.explanation import (
    ExplainedMonth,
    Explanation,
    MeteredLine,
    exact_text,
)
from ledger.identifiers.queries import names_of
from ledger.rules.loader import Carrier, RulePack

router = APIRouter(prefix="/v1", tags=["reports"])


@router.get(
    "/reports/{act_id}/explanation",
    summary="A report computed anew from the readings held: quantity × factor = grams, by month",
    openapi_extra=query_parameters("reason", is_list=False),
)
def get_explanation(request: Request, act_id: str) -> dict[str, Any]:
    wanted = parse_hex(act_id, size=32, pointer="/id")
    ledger, reason = ledger_of(request), request.query_params.get("reason")
    report, told = ledger.documents.explain_report(reader_of(request), wanted, reason=reason)
    head = {name: report[name] for name in ("id", "facility", "period")}
    signed = {name: report[name] for name in ("direct_grams", "indirect_grams")}
    with ledger.reading() as reading:
        return (
            row_to_wire(head, names_of(reading, hashes_in([head])))
            | _body(reading, told)
            | {"signed": signed, "is_match": told.is_match}
            | freshness_fields(reading)
        )


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
