"""Documents and readings: content-addressed, kept before any message names their digest."""

import base64
import re

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import json_bytes
from api.fields import hex_text, invalid, parse_hex, time_text
from api.paging import query_parameters
from api.requests import idempotent_request, ledger_of, read_body, reader_of, submitting
from identity.identifier import parse_identifier
from ledger.documents import Documents, ReadingsUpload
from ledger.evidence.documents import (
    DOCUMENT_BYTES_MAX,
    KINDS,
    Document,
    digest_of,
)
from ledger.evidence.months import ReadMonth, stamp_time
from ledger.outbox.idempotency import Answer
from ledger.outbox.idempotency import Request as IdempotentRequest
from ledger.period import Period

router = APIRouter(prefix="/v1", tags=["documents"])
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")  # RFC 9530, section 2


@router.post(
    "/documents",
    status_code=201,
    summary="Keep a document or a meter's month of readings",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        },
        "parameters": [
            {"name": "kind", "in": "query", "required": True, "schema": {"enum": list(KINDS)}},
            {"name": "meter", "in": "query", "schema": {"type": "string"}},
            {"name": "period", "in": "query", "schema": {"type": "string"}},
        ],
    },
)
async def post_document(request: Request) -> Response:
    submitting(request)  # before sixteen megabytes are read
    content = await read_body(request, limit_bytes=DOCUMENT_BYTES_MAX)
    return await run_in_threadpool(_take, request, content)


def _take(request: Request, content: bytes) -> Response:
    kind = request.query_params.get("kind", "")
    if kind not in KINDS:
        raise invalid("/kind", "one_of:" + ",".join(KINDS))
    answer = (
        _take_readings(request, content) if kind == "readings" else _take_other(request, content)
    )
    headers = {"Idempotent-Replayed": "true"} if answer.is_replay else {}
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


def _take_readings(request: Request, content: bytes) -> Answer:
    digest_of(content, claimed=_claimed_digest(request))
    upload = ReadingsUpload(
        document=Document(content, _owner(request), "readings", _media_type(request)),
        meter=parse_identifier(_asked(request, "meter"), allow_prefix=False).hash,
        period=_month(_asked(request, "period")),
        seed=_seed(request),
    )
    return _documents(request).take_readings(
        upload, request=_idempotent_request(request, content), render=_month_body
    )


def _take_other(request: Request, content: bytes) -> Answer:
    kind = request.query_params["kind"]

    def render(digest: bytes) -> bytes:
        return json_bytes({"digest": hex_text(digest), "kind": kind, "bytes": len(content)})

    return _documents(request).take_document(
        Document(content, _owner(request), kind, _media_type(request)),
        claimed=_claimed_digest(request),
        request=_idempotent_request(request, content),
        render=render,
    )


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "application/octet-stream")[:100]


def _documents(request: Request) -> Documents:
    """Where documents are kept; raises LedgerHalted when writing has stopped."""
    ledger = ledger_of(request)
    ledger.require_writing()
    return ledger.documents


def _owner(request: Request) -> bytes:
    participant = submitting(request).participant
    assert participant is not None, "no token without a participant may submit"
    return participant


def _idempotent_request(request: Request, content: bytes) -> IdempotentRequest:
    """Kind, meter, period and seed are part of what is asked."""
    seed = request.headers.get("carbon-salt-seed", "")
    return idempotent_request(request, content, beside=f"{request.url.query}\n{seed}")


def _month_body(month: ReadMonth, digest: bytes) -> bytes:
    readings = month.readings
    return json_bytes(
        {
            "digest": hex_text(digest),
            "meter": month.meter.name,
            "period": month.period.text,
            "leaves": month.tree.leaves,
            "root": hex_text(month.tree.root),
            "quantity": format(readings.total, "f"),
            "unit": month.meter.unit,
            "first_at": time_text(stamp_time(readings.stamps[0])),
            "last_at": time_text(stamp_time(readings.stamps[-1])),
        }
    )


def _asked(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if value is None:
        raise invalid(f"/{name}", "missing")
    return value


def _month(text: str) -> Period:
    period = Period.from_text(text)
    if period.is_year:
        raise invalid("/period", "month")
    return period


def _claimed_digest(request: Request) -> bytes | None:
    header = request.headers.get("content-digest")
    if header is None:
        return None
    match = _DIGEST.fullmatch(header)
    if match is None:
        raise invalid("/content-digest", "sha-256")
    return base64.b64decode(match[1])


def _seed(request: Request) -> bytes | None:
    """The uploader's own; None when one is to be made here."""
    header = request.headers.get("carbon-salt-seed")
    return None if header is None else parse_hex(header, size=32, pointer="/carbon-salt-seed")


@router.get(
    "/documents/{digest}",
    summary="The bytes of a document, for its owner and whom case, duty or grant lets in",
    openapi_extra=query_parameters("reason", is_list=False),
)
def get_document_bytes(request: Request, digest: str) -> Response:
    wanted = parse_hex(digest, size=32, pointer="/digest")
    reason = request.query_params.get("reason")
    viewer = reader_of(request)
    kept = ledger_of(request).documents.read_document(viewer, wanted, reason=reason)
    headers = {
        "Content-Digest": f"sha-256=:{base64.b64encode(wanted).decode()}:",
        "Cache-Control": "private, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "attachment",
    }
    if kept.seed is not None:
        headers["Carbon-Salt-Seed"] = hex_text(kept.seed)
    return Response(kept.content, media_type=kept.media_type, headers=headers)
