"""Who read my confidential data, when and why."""

from typing import Any

from fastapi import APIRouter, Request

from api.fields import hashes_in, row_to_wire
from api.paging import PAGING, list_answer, page_of, query_parameters
from api.requests import ledger_of, viewer_of
from ledger.access.audit import entries_of
from ledger.identifiers.queries import names_of

router = APIRouter(prefix="/v1", tags=["accesses"])
_SHOWN = ("at", "viewer", "person", "action", "subject", "reason", "outcome", "hash")


@router.get(
    "/accesses",
    summary="Who read the confidential data of one's participant, when and why",
    openapi_extra=query_parameters(*PAGING),
)
def list_accesses(request: Request) -> dict[str, Any]:
    viewer = viewer_of(request)
    viewer.require("read")
    assert viewer.participant is not None, "no token without a participant may read"
    with ledger_of(request).reading() as reading:
        page = page_of(request, reading, known=[])
        rows = entries_of(reading, viewer.participant, page)
        names = names_of(reading, hashes_in(rows))
        items = [row_to_wire({name: row[name] for name in _SHOWN}, names) for row in rows]
        return list_answer(request, reading, items, rows=rows, page=page)
