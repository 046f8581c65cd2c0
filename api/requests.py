"""What every request brings: a bounded body, an idempotency key, and the ledger that answers."""

import asyncio
import hashlib
import hmac
import re
from typing import Any

from fastapi import Request

from api.limits import Limiter
from ledger.access.browser import SessionId
from ledger.access.viewer import ANONYMOUS, Viewer
from ledger.assembly import Ledger
from ledger.errors import (
    CsrfTokenWrong,
    IdempotencyKeyMissing,
    MediaTypeUnsupported,
    PayloadTooLarge,
    RequestSlow,
    TokenInvalid,
)
from ledger.outbox.idempotency import Request as IdempotentRequest
from ledger.strict_json import parse_strict

BODY_BYTES_MAX = 256 * 1024
_BODY_PATIENCE_SECONDS, _BODY_BYTES_PER_SECOND = 1.5, 16 * 1024
COOKIE = "__Host-carbonledger"
_ENTRANCES = {("POST", "/v1/sessions"), ("POST", "/v1/invitations/{secret}")}
_HARMLESS = ("GET", "HEAD", "OPTIONS")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


def ledger_of(request: Request) -> Ledger:
    """The ledger this app was made for."""
    ledger: Ledger = request.app.state.ledger
    return ledger


async def identify(request: Request) -> None:
    """Note who asks, by bearer token (RFC 6750) or by the cookie of a browser session.

    Raises TokenInvalid for one that is none and for two at once, CsrfTokenWrong for a write by
    cookie alone, RateLimited. Where credentials are given out, old ones are not looked at.
    """
    request.state.viewer = ANONYMOUS
    if (request.method, request.scope["route"].path) not in _ENTRANCES:
        try:
            request.state.viewer = _who_asks(request)
        except TokenInvalid:
            limit(request)
            raise
    limit(request)


async def stay_anonymous(request: Request) -> None:
    """Note nobody, for clients of another protocol: their credentials are not ours.

    Raises RateLimited.
    """
    request.state.viewer = ANONYMOUS
    limit(request)


def _who_asks(request: Request) -> Viewer:
    credentials = ledger_of(request).credentials
    authorizations = request.headers.getlist("authorization")
    session = session_of(request)
    if len(authorizations) + (session is not None) > 1:
        raise TokenInvalid("ambiguous")
    if session is not None:
        viewer = credentials.visitor(session)
        if request.method not in _HARMLESS:
            require_csrf_token(request, session)
        return viewer
    if not authorizations:
        return ANONYMOUS
    scheme, _, token = authorizations[0].partition(" ")
    if scheme.lower() != "bearer":
        raise TokenInvalid("unknown")
    return credentials.viewer(token.strip())


def limit(request: Request) -> None:
    """Raises RateLimited when this participant, or this address without one, asks too much."""
    limiter: Limiter = request.app.state.limiter
    asking = _share_of(viewer_of(request))
    if asking is not None:
        limiter.take_for_participant(asking)
    else:
        # Whoever the connection comes from: what X-Forwarded-For says anybody may write.
        limiter.take_for_address(request.client.host if request.client else "")


def charge(request: Request, *, acts: int) -> None:
    """Count what a request brings, which was counted as a request already."""
    limiter: Limiter = request.app.state.limiter
    asking = _share_of(viewer_of(request))
    assert asking is not None, "who brings acts came with a token"
    limiter.charge_acts(asking, acts)


def _share_of(viewer: Viewer) -> bytes | None:
    """Whose requests these are: tokens cost nothing, so all of a participant's share."""
    return viewer.participant or viewer.token


def session_of(request: Request) -> SessionId | None:
    """The browser session that the cookie names; raises TokenInvalid for more than one."""
    values = _cookies(request)
    if len(values) > 1:
        raise TokenInvalid("ambiguous")
    return SessionId(values[0]) if values else None


def has_cookie(request: Request) -> bool:
    """Whether a browser sends the cookie of a session, ended or not."""
    return bool(_cookies(request))


def _cookies(request: Request) -> list[str]:
    pairs = ";".join(request.headers.getlist("cookie")).split(";")
    named = [pair.strip().partition("=") for pair in pairs]
    return [value for name, _, value in named if name == COOKIE]


def require_csrf_token(request: Request, session: SessionId) -> None:
    """Raises CsrfTokenWrong: a foreign page can send the cookie, but not read this."""
    given = request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode(), session.csrf_token.encode()):
        raise CsrfTokenWrong


def viewer_of(request: Request) -> Viewer:
    """Who asks, as `identify` found."""
    viewer: Viewer = request.state.viewer
    return viewer


def reader_of(request: Request) -> Viewer:
    """Who reads: a credential without the scope `read` sees what anybody sees."""
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
    named = f"{request.scope['path']}\n{beside}\n"
    digest = hashlib.sha256(named.encode() + body).digest()
    return IdempotentRequest(caller, key, digest)
