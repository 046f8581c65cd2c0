"""Who read my confidential data, when, in which role, and why."""

from fastapi import APIRouter, Request, Response

from api.fields import hashes_in, row_to_wire
from api.lists import Item, Listing, list_response
from api.paging import query_parameters
from api.requests import viewer_of
from ledger.access.audit import ACCESS_COLUMNS, accesses_of
from ledger.assembly import Reading
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import Page

router = APIRouter(prefix="/v1", tags=["accesses"])


@router.get(
    "/accesses",
    summary="Who read the caller's confidential data, when and why",
    openapi_extra=query_parameters(),
)
def list_accesses(request: Request) -> Response:
    viewer = viewer_of(request)
    viewer.require("read")

    def fetch(reading: Reading, page: Page) -> list[Item]:
        if viewer.participant is None:
            return []
        rows = accesses_of(reading, viewer.participant, page)
        names = names_of(reading, hashes_in(rows))
        return [
            (row["seq"], row_to_wire({name: row[name] for name in ACCESS_COLUMNS}, names))
            for row in rows
        ]

    return list_response(request, Listing(fetch, ACCESS_COLUMNS))
