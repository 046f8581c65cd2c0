"""Subjects of the tree with their keys, standing and accreditation."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from api.fields import ENUMS, hashes_in, invalid, parse_hex, parse_time, row_to_wire
from api.paging import asked_filters, query_parameters
from api.requests import ledger_of
from api.submissions import freshness_fields
from identity.identifier import parse_identifier
from ledger.assembly import Reading
from ledger.identifiers.queries import (
    accreditation_of,
    keys_of,
    names_of,
    subject_by_hash,
    subjects,
)
from ledger.outbox.recorded import act_of_type

router = APIRouter(prefix="/v1", tags=["identifiers"])
_FILTERS = ["kind", "parent"]


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


def _get(request: Request, subject: bytes) -> dict[str, Any]:
    with ledger_of(request).reading() as reading:
        row = subject_by_hash(reading, subject)
        body = _subject_body(row, names_of(reading, hashes_in([row])))
        body["keys"] = [_key_body(key) for key in keys_of(reading, subject)]
        body["accreditation"] = _accreditation(reading, subject)
        return body | freshness_fields(reading)


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
def list_identifiers(request: Request) -> dict[str, Any]:
    asked = asked_filters(request, _FILTERS)
    parent = parse_identifier(asked["parent"]).hash if "parent" in asked else None
    kind = ENUMS["kind"].get(asked["kind"].upper()) if "kind" in asked else None
    if "kind" in asked and kind is None:
        raise invalid("/kind", "one_of:" + ",".join(key.lower() for key in ENUMS["kind"]))
    with ledger_of(request).reading() as reading:
        rows = subjects(reading, parent=parent, kind=kind)
        names = names_of(reading, hashes_in(rows))
        items = [_subject_body(row, names) for row in rows]
        return {"items": items, "next": None} | freshness_fields(reading)


@router.get("/identifiers/{prefix}/{suffix}", summary="One subject with its keys")
def get_identifier(request: Request, prefix: str, suffix: str) -> dict[str, Any]:
    return _get(request, parse_identifier(f"{prefix}/{suffix}").hash)


@router.get("/identifiers/{prefix}", summary="One prefix, or what one Registration made, by its id")
def get_prefix(request: Request, prefix: str) -> dict[str, Any]:
    if not prefix.startswith("0x"):
        return _get(request, parse_identifier(prefix).hash)
    act_id = parse_hex(prefix, size=32, pointer="/id")
    with ledger_of(request).reading() as reading:
        registered = act_of_type(reading, "Registration", act_id)["subject"]
    return _get(request, registered)


@router.get("/keys", tags=["keys"], summary="A participant's keys; `at`: those valid then")
def list_keys(request: Request, identifier: str, at: str | None = None) -> dict[str, Any]:
    subject = parse_identifier(identifier).hash
    moment = None if at is None else parse_time(at, pointer="/at")
    with ledger_of(request).reading() as reading:
        subject_by_hash(reading, subject)
        rows = [
            row for row in keys_of(reading, subject) if moment is None or _is_valid(row, moment)
        ]
        items = [_key_body(row) for row in rows]
        return {"items": items, "next": None} | freshness_fields(reading)


def _is_valid(row: Mapping[str, Any], moment: int) -> bool:
    since = row["compromised_since"]
    is_in_time = row["valid_from_time"] <= moment < row["valid_until_time"]
    return bool(is_in_time and not (since and since <= moment))
