"""A park's year without counting twice, and the rule packs it is computed with."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from api.fields import hex_text, invalid, parse_hex, row_to_wire, to_wire
from api.freshness import freshness_fields
from api.paging import query_parameters, reading_of
from api.singles import single_response
from identity.identifier import parse_identifier
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import subject_by_hash
from ledger.park.inventory import park_year
from ledger.period import Period
from ledger.rules.loader import PARK_RULES, RulePack, load_rule_pack

router = APIRouter(prefix="/v1", tags=["park"])


@router.get(
    "/park/{prefix}/{suffix}",
    summary="Gross, internal deliveries, net, months, warnings",
    openapi_extra=query_parameters("as_of", is_list=False),
)
def get_park(request: Request, prefix: str, suffix: str, period: str) -> Response:
    park = parse_identifier(f"{prefix}/{suffix}").hash
    wanted = Period.from_text(period)
    if not wanted.is_year:
        raise invalid("/period", "year")
    pack = load_rule_pack(PARK_RULES)
    with reading_of(request) as reading:
        subject = subject_by_hash(reading, park)
        year = park_year(reading, park, year=wanted.year, pack=pack)
        body = asdict(year)
        body["months"] = [row_to_wire(month, {}) for month in body["months"]]
        for name in ("peak_month", "warning_month"):
            body[name] = to_wire("month", body[name], {})
        named = {"identifier": subject["name"], "rule_pack": hex_text(pack.hash)}
        return single_response(request, named | body, freshness_fields(reading))


@router.get("/rules", tags=["rules"], summary="The rule packs of this version")
def list_rules() -> dict[str, Any]:
    return {"items": [_pack_body(load_rule_pack(PARK_RULES))], "next": None}


@router.get(
    "/rules/{pack_hash}", tags=["rules"], summary="One rule pack: factors, sources, rounding"
)
def get_rules(pack_hash: str) -> dict[str, Any]:
    wanted = parse_hex(pack_hash, size=32, pointer="/hash")
    pack = load_rule_pack(PARK_RULES)
    if pack.hash != wanted:
        raise ResourceUnknown(f"rules/{pack_hash}")
    return _pack_body(pack)


def _pack_body(pack: RulePack) -> dict[str, Any]:
    return {"hash": hex_text(pack.hash), "name": pack.name, "document": dict(pack.document)}
