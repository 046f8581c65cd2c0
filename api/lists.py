"""A list in every shape: a page of JSON, or all of it streamed as CSV, NDJSON or XLSX.

Whoever has a list tells how a page of it is fetched; what is asked, the next page's link and
the files are made here, once for all.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, TypeAlias

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.errors import json_bytes
from api.exports import MEDIA_TYPES, written
from api.freshness import freshness_fields
from api.paging import LIMIT_MAX, Asked, asked_of, next_link
from api.requests import ledger_of
from ledger.assembly import Reading
from ledger.outbox.recorded import Page, shown_moment

Item: TypeAlias = tuple[int, dict[str, Any] | None]
"""A row's place in the list's order, and the row as it is shown.

None at the end of a page: until there was searched, and the next page goes on from there.
"""

_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9._]+")


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: how a page is fetched, its filters, and the columns of its files.

    `words` are the values of filters that take words.
    """

    fetch: Callable[[Reading, Page], list[Item]]
    columns: Sequence[str]
    filters: Sequence[str] = ()
    words: Mapping[str, Sequence[str]] | None = None


def list_response(request: Request, listing: Listing) -> Response:
    """The page that is asked for, or the whole list as a file."""
    asked = asked_of(request, listing.filters, values=listing.words)
    if asked.format != "json":
        return _export(request, listing, asked)
    with ledger_of(request).reading(asked.moment) as reading:
        items = listing.fetch(reading, asked.page)
        shown = [item for _, item in items if item is not None]
        body = {"items": shown, "next": None} | freshness_fields(reading)
        headers = {}
        if _goes_on(items, asked.page):
            moment = shown_moment(reading)
            body["next"] = next_link(request, asked, last_seq=items[-1][0], moment=moment)
            origin = f"{request.url.scheme}://{request.url.netloc}"
            headers["Link"] = f'<{origin}{body["next"]}>; rel="next"'
    return Response(json_bytes(body), headers=headers, media_type="application/json")


def _goes_on(items: list[Item], page: Page) -> bool:
    return len(items) >= page.limit or bool(items and items[-1][1] is None)


def _export(request: Request, listing: Listing, asked: Asked) -> Response:
    name = _NOT_OF_A_NAME.sub("-", request.url.path.removeprefix("/v1/"))
    columns = [*listing.columns, "as_of_block"]
    pieces = written(asked.format, _rows(request, listing, asked), columns)
    first = next(pieces, b"")  # what is refused is refused before the answer begins
    return StreamingResponse(
        chain([first], pieces),
        media_type=MEDIA_TYPES[asked.format],
        headers={"Content-Disposition": f'attachment; filename="{name}.{asked.format}"'},
    )


def _rows(request: Request, listing: Listing, asked: Asked) -> Iterator[dict[str, Any]]:
    """Every row of the list at one moment, page after page.

    Each page is a reading of its own: nobody holds one open by taking the file slowly.
    """
    page, moment = replace(asked.page, limit=LIMIT_MAX), asked.moment
    goes_on = True
    while goes_on:
        with ledger_of(request).reading(moment) as reading:
            moment = shown_moment(reading)
            items = listing.fetch(reading, page)
        yield from (shown | {"as_of_block": moment.block} for _, shown in items if shown)
        goes_on = _goes_on(items, page)
        page = replace(page, after=items[-1][0]) if goes_on else page
