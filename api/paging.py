"""Lists by cursor: one walk is one snapshot, pinned to a block, with its filters."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request

from api.fields import ENUMS, PERIOD_FIELDS, from_wire, invalid, parse_count
from api.submissions import freshness_fields
from ledger.assembly import Reading
from ledger.errors import CursorMalformed, FilterUnknown
from ledger.outbox.recorded import Page, freshness

LIMIT, LIMIT_MAX = 50, 200
PAGING = ("limit", "cursor")
# Version, sequence and block (15 digits fit a column), digest of the filters.
_CURSOR = re.compile(r"([0-9]{1,3})\.([0-9]{1,15})\.([0-9]{1,15})\.([0-9a-f]{16})")


def query_parameters(*names: str) -> dict[str, Any]:
    """What OpenAPI says of a list's query: all are optional texts, limit a count."""
    count = {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT}
    schemas = {name: count if name == "limit" else {"type": "string"} for name in names}
    return {
        "parameters": [
            {"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()
        ]
    }


def asked_filters(
    request: Request, known: list[str], *, beside: tuple[str, ...] = ()
) -> dict[str, str]:
    """The filters of a list request as texts, without what it asks `beside` them.

    Raises FilterUnknown.
    """
    asked = {name: text for name, text in request.query_params.items() if name not in beside}
    for name in asked:
        if name not in known:
            raise FilterUnknown(name, known)
    return asked


def page_of(request: Request, reading: Reading, *, known: list[str]) -> Page:
    """What a list request asks; raises FilterUnknown, CursorMalformed, FieldInvalid."""
    asked = asked_filters(request, known, beside=PAGING)
    filters = {name: _filter_value(name, value) for name, value in asked.items()}
    after, block = 0, freshness(reading).head_block
    if (cursor := request.query_params.get("cursor")) is not None:
        after, block = _read_cursor(cursor, _digest(asked))
    return Page(filters, after, _limit(request), block)


def list_answer(
    request: Request,
    reading: Reading,
    items: list[dict[str, Any]],
    *,
    rows: Sequence[Mapping[str, Any]],
    page: Page,
) -> dict[str, Any]:
    """Items, the next page's URL or null, and freshness."""
    asked = {name: value for name, value in request.query_params.items() if name not in PAGING}
    link = None
    if len(rows) == page.limit:
        cursor = _write_cursor(rows[-1]["seq"], page.as_of_block, _digest(asked))
        query = request.url.include_query_params(cursor=cursor)
        link = f"{query.path}?{query.query}"
    return {"items": items, "next": link} | freshness_fields(reading)


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(LIMIT))
    return parse_count(text, most=LIMIT_MAX, pointer="/limit")


def _filter_value(name: str, text: str) -> Any:
    if name in ("year", "person", "tonnes"):
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise invalid(f"/{name}", "integer")
        return int(text)
    kind = "uint64" if name in {*ENUMS, *PERIOD_FIELDS, "asset"} else "bytes32"
    if name == "ended_key":
        kind = "address"
    return from_wire(name, kind, text, pointer=f"/{name}")


def _digest(filters: Mapping[str, str]) -> str:
    text = json.dumps(sorted(filters.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write_cursor(after: int, block: int, digest: str) -> str:
    text = f"1.{after}.{block}.{digest}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, digest: str) -> tuple[int, int]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        match = _CURSOR.fullmatch(base64.b64decode(padded, b"-_", True).decode("ascii"))
    except ValueError:
        match = None
    if match is None:
        raise CursorMalformed("form")
    version, after, block, filters = match.groups()
    if version != "1" or filters != digest:
        raise CursorMalformed("filters")
    return int(after), int(block)
