"""Energy passed inside the park, signed by both sides."""

from typing import Any

from fastapi import APIRouter, Request

from api.fields import from_wire, hashes_in, parse_hex, row_to_wire
from api.paging import asked_filters, query_parameters
from api.requests import ledger_of
from api.submissions import freshness_fields
from ledger.emissions.deliveries import deliveries, delivery_by_id
from ledger.identifiers.queries import names_of

router = APIRouter(prefix="/v1", tags=["deliveries"])
_FILTERS = ["month", "participant"]


@router.get(
    "/deliveries",
    summary="Deliveries by participant and month, oldest first",
    openapi_extra=query_parameters(*_FILTERS),
)
def list_deliveries(request: Request) -> dict[str, Any]:
    asked: dict[str, Any] = {"participant": None, "month": None}
    for name, text in asked_filters(request, _FILTERS).items():
        kind = "uint32" if name == "month" else "bytes32"
        asked[name] = from_wire(name, kind, text, pointer=f"/{name}")
    with ledger_of(request).reading() as reading:
        rows = [_shown(row) for row in deliveries(reading, **asked)]
        names = names_of(reading, hashes_in(rows))
        items = [row_to_wire(row, names) for row in rows]
        return {"items": items, "next": None} | freshness_fields(reading)


@router.get("/deliveries/{delivery_id}", summary="One delivery with both signatures")
def get_delivery(request: Request, delivery_id: str) -> dict[str, Any]:
    wanted = parse_hex(delivery_id, size=32, pointer="/id")
    with ledger_of(request).reading() as reading:
        row = _shown(delivery_by_id(reading, wanted))
        return row_to_wire(row, names_of(reading, hashes_in([row]))) | freshness_fields(reading)


def _shown(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "seq"}
