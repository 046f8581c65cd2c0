"""Energy passed inside the park, signed by both sides."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from api.fields import hashes_in, parse_hex, row_to_wire
from api.freshness import freshness_fields
from api.lists import Item, Listing, list_response
from api.paging import query_parameters, reading_of
from api.requests import reader_of
from api.singles import single_response
from ledger.assembly import Reading
from ledger.emissions.deliveries import DELIVERY_COLUMNS, delivery_by_id, delivery_page
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import Page

router = APIRouter(prefix="/v1", tags=["deliveries"])
_FILTERS = ["consumer", "month", "supplier"]


@router.get(
    "/deliveries",
    summary="Deliveries by supplier, consumer and month",
    openapi_extra=query_parameters(*_FILTERS),
)
def list_deliveries(request: Request) -> Response:
    viewer = reader_of(request)

    def fetch(reading: Reading, page: Page) -> list[Item]:
        rows = delivery_page(reading, viewer, page)
        return [(row["seq"], _body(reading, row)) for row in rows]

    return list_response(request, Listing(fetch, ["view", *DELIVERY_COLUMNS], _FILTERS))


@router.get(
    "/deliveries/{delivery_id}",
    summary="One delivery with both signatures",
    openapi_extra=query_parameters("as_of", is_list=False),
)
def get_delivery(request: Request, delivery_id: str) -> Response:
    wanted = parse_hex(delivery_id, size=32, pointer="/id")
    with reading_of(request) as reading:
        row = delivery_by_id(reading, reader_of(request), wanted)
        return single_response(request, _body(reading, row), freshness_fields(reading))


def _body(reading: Reading, row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name != "seq"}
    return row_to_wire(shown, names_of(reading, hashes_in([shown])))
