"""Subjects of the tree with their keys, standing and accreditation."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from api.fields import hashes_in, invalid, parse_hex, parse_time, row_to_wire
from api.freshness import freshness_fields
from api.lists import Item, Listing, list_response
from api.paging import query_parameters, reading_of
from api.singles import single_response
from identity.identifier import parse_identifier
from ledger.assembly import Reading
from ledger.identifiers.queries import (
    accreditation_of,
    keys_of,
    names_of,
    subject_by_hash,
    subject_page,
)
from ledger.outbox.recorded import Page, act_of_type

router = APIRouter(prefix="/v1", tags=["identifiers"])
_FILTERS = ["kind", "parent", "standing", "text"]
_TEXT_MAX = 255  # no identifier is longer
_SUBJECT_COLUMNS = (
    "identifier",
    "kind",
    "parent",
    "owner",
    "standing",
    "revision",
    "record",
    "record_revision",
)
_KEY_COLUMNS = (
    "key",
    "person",
    "rights",
    "scheme",
    "valid_from",
    "valid_until",
    "compromised_since",
)


def _subject_body(row: Mapping[str, Any], names: Mapping[bytes, str]) -> dict[str, Any]:
    shown = {
        "identifier": row["name"],
        "kind": row["kind"],
        "parent": row["parent"],
        "owner": row["owner"],
        "standing": row["standing"],
        "revision": row["revision"],
        "record": row["record"],
        "record_revision": row["record_revision"],
    }
    return row_to_wire(shown, names)


def _key_body(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "key": row["key"],
        "person": row["person"],
        "rights": row["rights"],
        "scheme": row["scheme"],
        "valid_from": row["valid_from_time"],
        "valid_until": row["valid_until_time"],
        "compromised_since": row["compromised_since"],
    }
    return row_to_wire(shown, {})


def _get(request: Request, subject: bytes) -> Response:
    with reading_of(request) as reading:
        row = subject_by_hash(reading, subject)
        body = _subject_body(row, names_of(reading, hashes_in([row])))
        body["keys"] = [_key_body(key) for key in keys_of(reading, subject)]
        body["accreditation"] = _accreditation(reading, subject)
        return single_response(request, body, freshness_fields(reading))


def _accreditation(reading: Reading, verifier: bytes) -> dict[str, Any] | None:
    row = accreditation_of(reading, verifier)
    if row is None:
        return None
    shown = {
        "valid_from": row["valid_from_time"],
        "valid_until": row["valid_until_time"],
        "sectors": row["sectors"],
        "revision": row["revision"],
    }
    return row_to_wire(shown, {})


@router.get(
    "/identifiers",
    summary="Subjects in the order of their registration",
    openapi_extra=query_parameters(*_FILTERS),
)
def list_identifiers(request: Request) -> Response:
    if len(request.query_params.get("text", "")) > _TEXT_MAX:
        raise invalid("/text", f"at_most:{_TEXT_MAX}")

    def fetch(reading: Reading, page: Page) -> list[Item]:
        rows = subject_page(reading, page)
        names = names_of(reading, hashes_in(rows))
        return [(row["seq"], _subject_body(row, names)) for row in rows]

    listing = Listing(fetch, _SUBJECT_COLUMNS, _FILTERS, {"standing": ("active", "suspended")})
    return list_response(request, listing)


@router.get(
    "/identifiers/{prefix}/{suffix}",
    summary="One subject with its keys",
    openapi_extra=query_parameters("as_of", is_list=False),
)
def get_identifier(request: Request, prefix: str, suffix: str) -> Response:
    return _get(request, parse_identifier(f"{prefix}/{suffix}").hash)


@router.get(
    "/identifiers/{prefix}",
    summary="One prefix, or what one Registration made, by its id",
    openapi_extra=query_parameters("as_of", is_list=False),
)
def get_prefix(request: Request, prefix: str) -> Response:
    if not prefix.startswith("0x"):
        return _get(request, parse_identifier(prefix).hash)
    act_id = parse_hex(prefix, size=32, pointer="/id")
    with reading_of(request) as reading:
        registered = act_of_type(reading, "Registration", act_id)["subject"]
    return _get(request, registered)


@router.get(
    "/keys",
    tags=["keys"],
    summary="A participant's keys; `at`: those valid then",
    openapi_extra=query_parameters("identifier", "at"),
)
def list_keys(request: Request) -> Response:
    if (identifier := request.query_params.get("identifier")) is None:
        raise invalid("/identifier", "missing")
    subject = parse_identifier(identifier).hash
    at = request.query_params.get("at")
    moment = None if at is None else parse_time(at, pointer="/at")

    def fetch(reading: Reading, page: Page) -> list[Item]:
        subject_by_hash(reading, subject)
        return [(row["seq"], _key_body(row)) for row in keys_of(reading, subject, page, at=moment)]

    return list_response(request, Listing(fetch, _KEY_COLUMNS, ["identifier", "at"]))
