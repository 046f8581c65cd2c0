"""What a list request asks, and one page of it: a walk is one snapshot, pinned to a moment."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from api.fields import ENUMS, PERIOD_FIELDS, from_wire, invalid, parse_count, parse_time
from api.requests import ledger_of
from ledger.assembly import Moment, Reading
from ledger.errors import CursorMalformed, FilterUnknown, FormatUnavailable
from ledger.outbox.recorded import Page

LIMIT, LIMIT_MAX = 50, 200
PAGING = ("limit", "cursor", "order", "as_of", "format")
_ORDERS = ("asc", "desc")
FORMATS = ("json", "csv", "ndjson", "xlsx")
_BLOCK_DIGITS = 15
_TEXTS = ("at", "carrier", "identifier", "text")  # read where they are asked for
# Version, sequence, block and time (15 digits fit a column), digest of the filters.
_CURSOR = re.compile(r"([0-9]{1,3})\.([0-9]{1,15})\.([0-9]{1,15})\.([0-9]{1,15})\.([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Asked:
    """A list request: its page, at which moment, in which format, and its cursor's binding."""

    page: Page
    moment: Moment | None
    format: str
    digest: str


def query_parameters(*names: str, is_list: bool = True) -> dict[str, Any]:
    """What OpenAPI says of a query: filters are optional texts, and what every list takes."""
    schemas: dict[str, Any] = {name: {"type": "string"} for name in names}
    if is_list:
        schemas |= _LIST_PARAMETERS
    return {
        "parameters": [
            {"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()
        ]
    }


_LIST_PARAMETERS = {
    "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT},
    "cursor": {"type": "string"},
    "order": {"enum": list(_ORDERS), "default": "asc"},
    "as_of": {"type": "string"},
    "format": {"enum": list(FORMATS), "default": "json"},
}


def asked_filters(
    request: Request, known: Sequence[str], *, beside: tuple[str, ...] = ()
) -> dict[str, str]:
    """The filters of a request as texts, without what it asks `beside` them.

    Raises FilterUnknown, FieldInvalid when one is named twice.
    """
    given = request.query_params.multi_items()
    for name, count in Counter(name for name, _ in given).items():
        if name not in (*known, *beside):
            raise FilterUnknown(name, list(known))
        if count > 1:
            raise invalid(f"/{name}", "once")
    return {name: text for name, text in given if name not in beside}


def asked_of(
    request: Request, known: Sequence[str], *, values: Mapping[str, Sequence[str]] | None = None
) -> Asked:
    """What a list request asks; `values` are those of filters that are words.

    Raises FilterUnknown, CursorMalformed, FieldInvalid, FormatUnavailable.
    """
    filters = asked_filters(request, known, beside=PAGING)
    query = request.query_params
    order = query.get("order", "asc")
    if order not in _ORDERS:
        raise invalid("/order", "one_of:" + ",".join(_ORDERS))
    wanted = query.get("format", "json")
    if wanted not in FORMATS:
        raise FormatUnavailable(wanted, list(FORMATS))
    digest = _digest({**filters, "order": order})
    after, moment = None, moment_of(request)
    if (cursor := query.get("cursor")) is not None:
        after, moment = _read_cursor(cursor, digest)
    words = values or {}
    typed = {name: _typed(name, text, words.get(name)) for name, text in filters.items()}
    page = Page(typed, after, _limit(request), is_newest_first=order == "desc")
    return Asked(page, moment, wanted, digest)


def moment_of(request: Request) -> Moment | None:
    """The moment of `as_of`: a block's number or a time; raises FieldInvalid."""
    text = request.query_params.get("as_of")
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= _BLOCK_DIGITS:
        return Moment(text, block=int(text))
    return Moment(text, time=parse_time(text, pointer="/as_of"))


@contextmanager
def reading_of(request: Request) -> Iterator[Reading]:
    """A reading at the moment that the request asks for; raises AsOfUnknown."""
    with ledger_of(request).reading(moment_of(request)) as reading:
        yield reading


def next_link(request: Request, asked: Asked, *, last_seq: int, moment: Moment) -> str:
    """The path of the page after this one, at the same moment."""
    cursor = _write_cursor(last_seq, moment, asked.digest)
    query = request.url.include_query_params(cursor=cursor)
    return f"{query.path}?{query.query}"


def _typed(name: str, text: str, words: Sequence[str] | None) -> Any:
    if words is None:
        return _filter_value(name, text)
    if text not in words:
        raise invalid(f"/{name}", "one_of:" + ",".join(words))
    return text


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(LIMIT))
    return parse_count(text, most=LIMIT_MAX, pointer="/limit")


def _filter_value(name: str, text: str) -> Any:
    if name in _TEXTS:
        return text
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


def _write_cursor(after: int, moment: Moment, digest: str) -> str:
    text = f"1.{after}.{moment.block}.{moment.time}.{digest}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, digest: str) -> tuple[int, Moment]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        match = _CURSOR.fullmatch(base64.b64decode(padded, b"-_", True).decode("ascii"))
    except ValueError:
        match = None
    if match is None:
        raise CursorMalformed("form")
    version, after, block, time, filters = match.groups()
    if version != "1" or filters != digest:
        raise CursorMalformed("filters")
    return int(after), Moment(block, block=int(block), time=int(time))
