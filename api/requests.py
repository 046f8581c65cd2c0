"""What every request brings: a bounded body, an idempotency key, and the ledger that answers."""

import asyncio
import hashlib
import re
from typing import Any

from fastapi import Request

from ledger.access.viewer import ANONYMOUS, Viewer
from ledger.assembly import Ledger
from ledger.errors import (
    IdempotencyKeyMissing,
    MediaTypeUnsupported,
    PayloadTooLarge,
    RequestSlow,
    TokenInvalid,
)
from ledger.outbox.idempotency import Request as IdempotentRequest
from ledger.strict_json import parse_strict

BODY_BYTES_MAX = 256 * 1024
_BODY_PATIENCE_SECONDS, _BODY_BYTES_PER_SECOND = 2.0, 16 * 1024
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


def ledger_of(request: Request) -> Ledger:
    """The ledger this app was made for."""
    ledger: Ledger = request.app.state.ledger
    return ledger


async def identify(request: Request) -> None:
    """Note who asks, by the bearer token (RFC 6750); raises TokenInvalid for one that is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    request.state.viewer = ANONYMOUS
    if scheme:
        if scheme.lower() != "bearer":
            raise TokenInvalid("unknown")
        request.state.viewer = ledger_of(request).viewer(token.strip())


def viewer_of(request: Request) -> Viewer:
    """Who asks, as `identify` found."""
    viewer: Viewer = request.state.viewer
    return viewer


def reader_of(request: Request) -> Viewer:
    """Who reads: nobody known without the scope to read."""
    viewer = viewer_of(request)
    return viewer if "read" in viewer.scopes else ANONYMOUS


def submitting(request: Request) -> Viewer:
    """Who hands something in; raises TokenMissing, ScopeMissing."""
    viewer = viewer_of(request)
    viewer.require("submit")
    return viewer


async def read_body(request: Request, *, limit_bytes: int = BODY_BYTES_MAX) -> bytes:
    """The whole body.

    Raises PayloadTooLarge as soon as it is longer than allowed, RequestSlow when it does not keep
    up, so that nobody holds a connection by sending a byte now and then.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_PATIENCE_SECONDS) as patience:
            start = asyncio.get_running_loop().time() + _BODY_PATIENCE_SECONDS
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise PayloadTooLarge(limit_bytes)
                patience.reschedule(start + len(body) / _BODY_BYTES_PER_SECOND)
    except TimeoutError:
        raise RequestSlow(_BODY_BYTES_PER_SECOND) from None
    return bytes(body)


def require_json(request: Request) -> None:
    """Raises MediaTypeUnsupported for another body than JSON."""
    require_media_type(request, "application/json")


def require_media_type(request: Request, wanted: str) -> None:
    """Raises MediaTypeUnsupported for another body."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != wanted:
        raise MediaTypeUnsupported([wanted])


def parse_json(body: bytes) -> Any:
    """The strict JSON of a body; raises RequestMalformed."""
    return parse_strict(body, limit_bytes=BODY_BYTES_MAX)


def idempotent_request(request: Request, body: bytes, *, beside: str = "") -> IdempotentRequest:
    """Caller, key and digest of a write; raises TokenMissing, IdempotencyKeyMissing.

    `beside` is what the write says outside of path and body.
    """
    caller = submitting(request).token
    assert caller is not None, "who may submit came with a token"
    key = request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMissing
    named = f"{request.url.path}\n{beside}\n"
    digest = hashlib.sha256(named.encode() + body).digest()
    return IdempotentRequest(caller, key, digest)
