"""Many signed acts in one request, a line each (NDJSON), and an answer a line, in their order."""

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.acts import accepted_body
from api.errors import json_bytes, language_of, problem
from api.fields import hashes_in, invalid
from api.messages import parse_act
from api.nouns import NOUN_OF
from api.requests import BODY_BYTES_MAX, ledger_of, read_body, require_media_type, submitting
from ledger.access.viewer import Viewer
from ledger.assembly import Ledger
from ledger.contract_errors import BatchTooLong
from ledger.errors import REFUSED, FieldInvalid, Refused
from ledger.identifiers.queries import names_of
from ledger.messages import OFF_CHAIN
from ledger.outbox.act import Envelope
from ledger.strict_json import parse_strict

router = APIRouter(prefix="/v1", tags=["submissions"])
NDJSON = "application/x-ndjson"
LINES_MAX, WHOLE_LINES_MAX, BYTES_MAX = 1_000, 200, 4 * 2**20
_MODES = ("each", "all")
_CARRIED = [message_type for message_type in NOUN_OF if message_type not in OFF_CHAIN]


@router.post(
    "/submissions",
    summary="Many signed acts, one a line; each for itself, or all or none",
    openapi_extra={
        "requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}},
        "parameters": [
            {
                "name": "mode",
                "in": "query",
                "description": "`each`: every line for itself. `all`: one type, all or none.",
                "schema": {"enum": list(_MODES), "default": "each"},
            }
        ],
        "responses": {
            "200": {
                "description": "An acknowledgement or a problem a line",
                "content": {NDJSON: {"schema": {"type": "string"}}},
            }
        },
    },
)
async def post_submissions(request: Request) -> Response:
    viewer = submitting(request)
    require_media_type(request, NDJSON)
    mode = request.query_params.get("mode", "each")
    if mode not in _MODES:
        raise invalid("/mode", "one_of:" + ",".join(_MODES))
    body = await read_body(request, limit_bytes=BYTES_MAX)
    lines = _lines(body, most=LINES_MAX if mode == "each" else WHOLE_LINES_MAX)
    take = _take_each if mode == "each" else _take_all
    answers = await run_in_threadpool(take, ledger_of(request), lines, viewer, language_of(request))
    return Response(b"".join(answer + b"\n" for answer in answers), media_type=NDJSON)


def _lines(body: bytes, *, most: int) -> list[bytes]:
    """The lines, of which the last may end or not; raises BatchTooLong, FieldInvalid for none."""
    lines = body.removesuffix(b"\n").split(b"\n")
    if lines == [b""]:
        raise invalid("", "no_line")
    if len(lines) > most:
        raise BatchTooLong(len(lines))
    return lines


def _take_each(ledger: Ledger, lines: list[bytes], viewer: Viewer, language: str) -> list[bytes]:
    envelopes = [_read_or_refused(ledger, line, viewer) for line in lines]
    answers = ledger.accept_each(envelopes, carrier=viewer.participant, render=accepted_body)
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    names = _names(ledger, refused)
    return [
        json_bytes(problem(answer, names=names, language=language))
        if isinstance(answer, Refused)
        else answer
        for answer in answers
    ]


def _take_all(ledger: Ledger, lines: list[bytes], viewer: Viewer, _language: str) -> list[bytes]:
    envelopes = []
    for number, line in enumerate(lines, start=1):
        try:
            envelopes.append(_read(ledger, line, viewer))
            if envelopes[-1].type != envelopes[0].type:
                raise invalid("/type", "same_in_every_line")
        except REFUSED as refusal:
            refusal.line = number
            raise
    return ledger.accept_all(envelopes, carrier=viewer.participant, render=accepted_body)


def _read_or_refused(ledger: Ledger, line: bytes, viewer: Viewer) -> Envelope | Refused:
    try:
        return _read(ledger, line, viewer)
    except REFUSED as refusal:
        return refusal


def _read(ledger: Ledger, line: bytes, viewer: Viewer) -> Envelope:
    """The envelope of a line; raises RequestMalformed, FieldInvalid and the field's own.

    What is entrusted must be complete: a line has no key to find its first answer by but its id.
    """
    body: Any = parse_strict(line, limit_bytes=BODY_BYTES_MAX)
    if not isinstance(body, dict):
        raise FieldInvalid([{"pointer": "", "rule": "object"}])
    message_type = body.pop("type", None)
    if not isinstance(message_type, str) or message_type not in _CARRIED:
        raise invalid("/type", "one_of:" + ",".join(_CARRIED))
    brought, _ = parse_act(message_type, body)
    if isinstance(brought, Envelope):
        return brought
    return ledger.custody.sign_complete(brought, viewer, now=ledger.clock.now())


def _names(ledger: Ledger, refused: list[Refused]) -> dict[bytes, str]:
    hashes = hashes_in([refusal.facts for refusal in refused])
    if not hashes:
        return {}
    with ledger.reading() as reading:
        return names_of(reading, hashes)
