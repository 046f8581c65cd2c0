"""Many signed acts in one request, a line each (NDJSON), and an answer a line, in their order."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import json_bytes, language_of, problem
from api.fields import hashes_in, invalid
from api.groups import Groups, promised
from api.messages import parse_act
from api.nouns import NOUN_OF
from api.postings import accepted_body
from api.requests import (
    BODY_BYTES_MAX,
    charge,
    ledger_of,
    read_body,
    require_media_type,
    submitting,
)
from ledger.access.viewer import Viewer
from ledger.assembly import Asked, Brought, Ledger
from ledger.contract_errors import BatchTooLong
from ledger.errors import REFUSED, FieldInvalid, Refused
from ledger.identifiers.queries import names_of
from ledger.messages import OFF_CHAIN
from ledger.outbox.act import Envelope
from ledger.outbox.idempotency import Answer
from ledger.strict_json import parse_strict

router = APIRouter(prefix="/v1", tags=["submissions"])
NDJSON = "application/x-ndjson"
LINES_MAX, WHOLE_LINES_MAX, BYTES_MAX = 1_000, 200, 4 * 2**20
_MODES = ("each", "all")
_BATCHES_AHEAD = 32  # each is a group already: what is judged while one is committed goes together
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
    charge(request, acts=len(lines))
    batches: Batches = request.app.state.batches
    answers = await batches.outcome(Batch(mode, lines, viewer))
    told = await run_in_threadpool(_told, ledger_of(request), answers, language_of(request))
    return Response(b"".join(one + b"\n" for one in told), media_type=NDJSON)


@dataclass(frozen=True, slots=True)
class Batch:
    """The lines of one request, and who brought them."""

    mode: str
    lines: list[bytes]
    viewer: Viewer


Told: TypeAlias = list[Answer | Refused]
Batches: TypeAlias = Groups[Batch, Told, Refused]


def batches_of(ledger: Ledger) -> Batches:
    """The way in for batches, which come in one after the other as fast as all at once."""
    return Groups(partial(_take, ledger), most=1, ahead=_BATCHES_AHEAD)


def _take(ledger: Ledger, batches: Sequence[Batch]) -> "Future[list[Told | Refused]]":
    (batch,) = batches
    take = _take_each if batch.mode == "each" else _take_all
    return promised(take(ledger, batch), lambda told: [told])


def _lines(body: bytes, *, most: int) -> list[bytes]:
    """The lines, of which the last may end or not; raises BatchTooLong, FieldInvalid for none."""
    lines = body.removesuffix(b"\n").split(b"\n")
    if lines == [b""]:
        raise invalid("", "no_line")
    if len(lines) > most:
        raise BatchTooLong(len(lines))
    return lines


def _take_each(ledger: Ledger, batch: Batch) -> "Future[Told]":
    brought = Brought(batch.viewer.participant, accepted_body)
    read = [_read_or_refused(ledger, line, batch.viewer) for line in batch.lines]
    asked = [Asked(one, brought, None) for one in read if isinstance(one, Envelope)]

    def in_their_places(answers: Told) -> Told:
        each = iter(answers)
        return [next(each) if isinstance(one, Envelope) else one for one in read]

    return promised(ledger.accept_together(asked), in_their_places)


def _take_all(ledger: Ledger, batch: Batch) -> "Future[Told]":
    """Raises the first refusal, which says its line."""
    envelopes = []
    for number, line in enumerate(batch.lines, start=1):
        try:
            envelopes.append(_read(ledger, line, batch.viewer))
            if envelopes[-1].type != envelopes[0].type:
                raise invalid("/type", "same_in_every_line")
        except REFUSED as refusal:
            refusal.line = number
            raise
    return ledger.accept_all(envelopes, Brought(batch.viewer.participant, accepted_body))


def _told(ledger: Ledger, answers: Told, language: str) -> list[bytes]:
    """The lines of the answer: an acknowledgement or a problem each."""
    names = _names(ledger, [one for one in answers if isinstance(one, Refused)])
    return [
        json_bytes(problem(one, names=names, language=language))
        if isinstance(one, Refused)
        else one.body
        for one in answers
    ]


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
