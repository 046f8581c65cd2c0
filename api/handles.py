"""Identifiers as the Handle system's clients read them: resolving one, listing those of a prefix.

Shapes, response codes and statuses are those of the HTTP API of CNRI's HANDLE.NET server (its
Technical Manual, version 9, chapter 14; servlet HandleJsonRestApiServlet). Every value here is
public and read from the authority's own mirror, so `auth` and `publicOnly` change nothing; as on
that server a parameter nobody knows is ignored. `callback` is refused: a script of ours would run
in anybody's page.
"""

import json
import re
from typing import Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request, Response

from api.errors import facts_to_wire, json_bytes, language_of, status_of
from api.fields import invalid, row_to_wire, time_text
from api.problems import explanation
from api.requests import ledger_of
from identity.errors import IdentifierMalformed, IdentityError
from identity.identifier import Identifier, parse_identifier
from ledger.errors import FieldInvalid, Refusal
from ledger.identifiers.handle_record import (
    PREFIX_OF_PREFIXES,
    TTL_SECONDS,
    Administrator,
    HandleValue,
    PublicKey,
    handle_values,
)
from ledger.identifiers.queries import mirrored_subject, names_under

router = APIRouter(tags=["handles"])
_ROOT = "/api/handles"
_PREFIX_HANDLE = re.compile(re.escape(PREFIX_OF_PREFIXES) + "(?:/|%2F)", re.IGNORECASE)
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_COUNT = re.compile(r"[0-9]{1,9}")
_PAGE_SIZE_MAX = 1_000
_WANTED_MAX = 100

# Response codes of the protocol (HANDLE.NET, AbstractMessage) and their statuses on HTTP.
_SUCCESS, _ERROR, _BUSY, _PROTOCOL_ERROR, _NOT_SUPPORTED = 1, 2, 3, 4, 5
_NOT_FOUND, _INVALID, _VALUES_NOT_FOUND, _NOT_RESPONSIBLE = 100, 102, 200, 301
_STATUS = {
    _SUCCESS: 200,
    _ERROR: 500,
    _BUSY: 503,
    _PROTOCOL_ERROR: 400,
    _NOT_SUPPORTED: 501,
    _NOT_FOUND: 404,
    _INVALID: 400,
    _VALUES_NOT_FOUND: 200,
    _NOT_RESPONSIBLE: 400,
}
_CODE_OF = {
    "FieldInvalid": _PROTOCOL_ERROR,
    "MethodNotAllowed": _NOT_SUPPORTED,
    "RateLimited": _BUSY,
    "ResourceUnknown": _NOT_FOUND,
    "IdentifierMalformed": _INVALID,
    "PrefixNotHomed": _NOT_RESPONSIBLE,
}

_PLAIN: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _described(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _asking(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    place = {"in": "query", "required": False, "description": description}
    return {"name": name, "schema": schema} | place


_VALUE = _object(
    ["index", "type", "data", "ttl", "timestamp"],
    index=_NUMBER,
    type=_PLAIN,
    data=_object(
        ["format", "value"],
        format={"enum": ["string", "admin"]},
        value={"type": ["string", "object"]},
    ),
    ttl={"type": "integer", "description": "Seconds."},
    timestamp={"type": "string", "description": "RFC 3339: the value's last change."},
)
_RECORD = _object(
    ["responseCode", "handle", "values"],
    responseCode={"enum": [_SUCCESS, _VALUES_NOT_FOUND]},
    handle={"type": "string", "description": "As it was asked for."},
    values={"type": "array", "items": _VALUE},
)
_LIST = _object(
    ["responseCode", "prefix", "totalCount", "handles"],
    responseCode={"const": _SUCCESS},
    prefix=_PLAIN,
    totalCount={"type": "string", "pattern": "^[0-9]+$"},
    page=_NUMBER,
    pageSize=_NUMBER,
    handles={"type": "array", "items": _PLAIN},
)
_REFUSED = _described(
    "A refusal of the Handle protocol, by its response code",
    _object(["responseCode"], responseCode=_NUMBER, handle=_PLAIN, message=_PLAIN),
)
_PRETTY = _asking("pretty", {"enum": ["true", "false"]}, "Indented.")
_TEXTS = {"type": "array", "items": _PLAIN, "maxItems": _WANTED_MAX}
_NUMBERS = {"type": "array", "items": _NUMBER, "maxItems": _WANTED_MAX}


@router.get(
    _ROOT,
    summary="Handles of a prefix in the order of registration, as the Handle system lists them",
    responses={200: _described("A page of the handles", _LIST), "default": _REFUSED},
    openapi_extra={
        "parameters": [
            _asking("prefix", _PLAIN, "One of our prefixes.") | {"required": True},
            _asking("page", {"type": "integer", "minimum": 0}, "From 0; with `pageSize`."),
            _asking(
                "pageSize",
                {"type": "integer", "minimum": 0, "maximum": _PAGE_SIZE_MAX},
                "Handles of a page; with 0 only their count is told.",
            ),
            _PRETTY,
        ]
    },
)
def list_handles(request: Request) -> Response:
    _refuse_callback(request)
    asked = request.query_params.get("prefix", "")
    prefix = _prefix_of(quote(asked, safe="/:"))  # a query was decoded once, and once is enough
    page, size = _count(request, "page"), _count(request, "pageSize", most=_PAGE_SIZE_MAX)
    is_paged = page is not None and size is not None
    first, length = (page or 0, size or 0) if is_paged else (0, _PAGE_SIZE_MAX)
    with ledger_of(request).reading() as reading:
        names, total = names_under(reading, prefix, start=first * length, limit=length)
    # As on HANDLE.NET the count is a text, and the page is told when it was asked for.
    body: dict[str, Any] = {"responseCode": _SUCCESS, "prefix": asked, "totalCount": str(total)}
    if is_paged or total > length:
        body |= {"page": first, "pageSize": length}
    return _handle_response(request, body | {"handles": names})


@router.get(
    _ROOT + "/{handle:path}",
    summary="The record of a handle, as the Handle system resolves it",
    responses={200: _described("The values of the record", _RECORD), "default": _REFUSED},
    openapi_extra={
        "parameters": [
            {"name": "handle", "in": "path", "required": True, "schema": _PLAIN},
            _asking("type", _TEXTS, "Values of these types, or of those indexes, alone."),
            _asking("index", _NUMBERS, "Values at these indexes, or of those types, alone."),
            _asking("auth", {"enum": ["true", "false"]}, "We are the authority: no effect."),
            _asking("publicOnly", {"enum": ["true", "false"]}, "All is public: no effect."),
            _PRETTY,
        ]
    },
)
def get_handle(request: Request) -> Response:
    asked = _asked_handle(request)
    if not asked:
        return list_handles(request)
    _refuse_callback(request)
    identifier = _identifier_of(asked)
    url = f"{request.url.scheme}://{request.url.netloc}/v1/identifiers/{identifier.name}"
    with ledger_of(request).reading() as reading:
        values = handle_values(mirrored_subject(reading, identifier), url=url)
    wanted = _wanted(request, values)
    body: dict[str, Any] = {"responseCode": _SUCCESS if wanted else _VALUES_NOT_FOUND}
    # Clients compare it with what they asked for, so it is not told as we would write it.
    body |= {"handle": unquote(asked), "values": [_value_body(value) for value in wanted]}
    return _handle_response(request, body)


def asks_for_handles(request: Request) -> bool:
    """Whether a request's answer, refusals too, is the Handle system's JSON."""
    return request.url.path == _ROOT or request.url.path.startswith(f"{_ROOT}/")


def handle_refusal(request: Request, refusal: Refusal | IdentityError) -> Response:
    """A refusal as the Handle protocol tells it; the message follows Accept-Language."""
    is_out = status_of(refusal.code) == _STATUS[_BUSY]
    code = _CODE_OF.get(refusal.code, _BUSY if is_out else _ERROR)
    body: dict[str, Any] = {"responseCode": code}
    if code in (_NOT_FOUND, _NOT_RESPONSIBLE) and (asked := _asked_handle(request)):
        body["handle"] = unquote(asked)
    facts = facts_to_wire(refusal.facts, {})
    _, detail, _ = explanation(refusal.code, facts, language_of(request))
    if isinstance(refusal, FieldInvalid):
        detail += " " + ", ".join(f"{one['pointer']}: {one['rule']}" for one in facts["errors"])
    return _handle_response(request, body | {"message": detail})


def _handle_response(request: Request, body: dict[str, Any]) -> Response:
    content = json_bytes(body)
    if request.query_params.get("pretty", "no").lower() in ("", "yes", "true"):
        content = json.dumps(body, ensure_ascii=False, indent=2).encode()
    return Response(content, _STATUS[body["responseCode"]], media_type="application/json")


def _asked_handle(request: Request) -> str:
    """The handle as the address has it, still encoded: what is decoded twice hides a slash."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("latin-1").removeprefix(_ROOT).removeprefix("/")


def _identifier_of(handle: str) -> Identifier:
    """The subject, or after `0.NA/` the prefix, that a handle names; raises IdentifierMalformed."""
    if _PREFIX_HANDLE.match(handle):
        return _prefix_of(handle)
    return parse_identifier(handle, allow_prefix=False)


def _prefix_of(text: str) -> Identifier:
    """A prefix, alone or as its handle; raises IdentifierMalformed."""
    start = match.end() if (match := _PREFIX_HANDLE.match(text)) else 0
    prefix = parse_identifier(text[start:])
    if not prefix.is_prefix:
        raise IdentifierMalformed("extra_slash", start + text[start:].find("/"))
    return prefix


def _refuse_callback(request: Request) -> None:
    if "callback" in request.query_params:
        raise invalid("/callback", "not_offered")


def _count(request: Request, name: str, *, most: int = 10**9) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (_COUNT.fullmatch(text) and int(text) <= most):
        raise invalid(f"/{name}", f"between:0,{most}")
    return int(text)


def _wanted(request: Request, values: list[HandleValue]) -> list[HandleValue]:
    """The values of any type or index that was asked for, all when none was."""
    types = {text.upper() for text in _several(request, "type")}
    indexes = {_index(text) for text in _several(request, "index")}
    if not types and not indexes:
        return values
    return [value for value in values if value.type in types or value.index in indexes]


def _several(request: Request, name: str) -> list[str]:
    texts = request.query_params.getlist(name)
    if len(texts) > _WANTED_MAX:
        raise invalid(f"/{name}", f"at_most:{_WANTED_MAX}")
    return texts


def _index(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise invalid("/index", "integer")
    return int(text)


def _value_body(value: HandleValue) -> dict[str, Any]:
    return {
        "index": value.index,
        "type": value.type,
        "data": _data_body(value.data),
        "ttl": TTL_SECONDS,
        "timestamp": time_text(value.time),
    }


def _data_body(data: str | Administrator | PublicKey) -> dict[str, Any]:
    match data:
        case str():
            return {"format": "string", "value": data}
        case Administrator(handle, index, permissions):
            told = {"handle": handle, "index": index, "permissions": f"{permissions:012b}"}
            return {"format": "admin", "value": told}
        case PublicKey(columns, state):
            key = row_to_wire(columns, {}) | {"state": state}
            return {"format": "string", "value": json_bytes(key).decode()}
