"""The HTTP application over one ledger."""

import logging
import re
import secrets
from typing import Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from api import (
    accesses,
    acts,
    batches,
    chain,
    compliance,
    deliveries,
    documents,
    explanations,
    grants,
    handles,
    health,
    identifiers,
    invitations,
    park,
    postings,
    prepare,
    proofs,
    quotas,
    sessions,
    submissions,
    tokens,
)
from api.errors import Internal, MethodNotAllowed, problem
from api.fields import hashes_in
from api.handles import asks_for_handles, handle_refusal
from api.hot_routes import HotApp
from api.limits import Limiter
from api.pages import documentation
from api.pages import park as park_page
from api.pages import report as report_page
from api.pages.asking import AnswerRefused
from api.pages.refusals import refusal_answer, refusal_language
from api.requests import has_cookie, identify, stay_anonymous
from api.schema import describe
from identity.errors import IdentityError
from ledger.assembly import Ledger
from ledger.errors import FieldInvalid, RateLimited, Refusal, ResourceUnknown, TokenInvalid
from ledger.identifiers.queries import names_of
from ledger.settings import DEFAULT_LIMITS, Limits

# What a browser would send for hours and be refused for each time.
_ENDED = ("expired", "revoked", "unknown")
_log = logging.getLogger("carbonledger.api")


def create_app(ledger: Ledger, limits: Limits = DEFAULT_LIMITS) -> HotApp:
    """The application that answers for this ledger, to nobody more than the limits say."""
    app = create_engine_app(ledger)
    app.state.limiter = Limiter(limits)
    app.state.acceptance = postings.acceptance_of(ledger)
    app.state.batches = batches.batches_of(ledger)
    credentials = (sessions, tokens, invitations, grants, accesses)
    reading = (documents, deliveries, submissions, compliance, park, proofs, quotas, explanations)
    pages = (park_page, report_page, documentation)
    for module in (postings, batches, prepare, *credentials, *reading, identifiers, acts, *pages):
        app.include_router(module.router, dependencies=[Depends(identify)])
    app.add_shortcuts(postings.router, before=identify)
    app.include_router(handles.router, dependencies=[Depends(stay_anonymous)])
    app.mount("/static", StaticFiles(packages=[("api", "static")]))
    app.add_exception_handler(AnswerRefused, _answer_refused)
    return app


def create_engine_app(ledger: Ledger) -> HotApp:
    """The part that fronts ask of their engine's process: chain and health."""
    app = HotApp(
        title="carbonledger",
        version="0.1.0",
        summary="Carbon data and quota ledger of a dual-carbon industrial park",
        docs_url=None,  # its script would come from another host
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.ledger = ledger
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    # Fixed paths before those with an id, so that none is taken for an id.
    for module in (health, chain):
        app.include_router(module.router)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(IdentityError, _refused)
    app.add_exception_handler(RequestValidationError, _query_refused)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(Exception, _failed)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal | IdentityError)
    return _told(request, error, names=_names(request, error))


def _told(
    request: Request, refusal: Refusal | IdentityError, *, names: dict[bytes, str]
) -> Response:
    """The refusal in the form that the caller's path speaks."""
    if asks_for_handles(request):
        answer = handle_refusal(request, refusal)
    else:
        told = problem(refusal, names=names, language=refusal_language(request))
        answer = refusal_answer(request, told)
    if answer.status_code == 401:  # RFC 9110, section 11.6.1
        answer.headers["WWW-Authenticate"] = "Bearer"
        if isinstance(refusal, TokenInvalid) and refusal.reason in _ENDED and has_cookie(request):
            answer.headers["Set-Cookie"] = sessions.cookie_text("", seconds=0)
    if isinstance(refusal, RateLimited):
        answer.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return answer


async def _answer_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AnswerRefused)
    return refusal_answer(request, error.problem)


def _names(request: Request, error: Refusal | IdentityError) -> dict[bytes, str]:
    hashes = hashes_in([error.facts])
    if not hashes:
        return {}
    with request.app.state.ledger.reading() as reading:
        return names_of(reading, hashes)


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refusal: Refusal = ResourceUnknown(request.url.path)
    if error.status_code == 405:
        refusal = MethodNotAllowed(_allowed_methods(request) or ["GET"])  # no page has another
    answer = _told(request, refusal, names={})
    if isinstance(refusal, MethodNotAllowed) and answer.status_code == error.status_code:
        answer.headers["Allow"] = ", ".join(refusal.allowed)
    return answer


def _allowed_methods(request: Request) -> list[str]:
    """The methods of every route with this path: one noun has a route for each."""
    described: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    asked = request.url.path
    matching = [
        operations
        for template, operations in described.items()
        if re.fullmatch(re.sub(r"{[^/]+}", "[^/]+", template), asked)
    ]
    return sorted({method.upper() for operations in matching for method in operations})


async def _query_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [{"pointer": f"/{one['loc'][-1]}", "rule": one["type"]} for one in error.errors()]
    return _told(request, FieldInvalid(wrong), names={})


async def _failed(request: Request, error: Exception) -> Response:
    request_id = secrets.token_hex(8)
    # The route's own path: the one that was asked may hold the secret of an invitation.
    path = getattr(request.scope.get("route"), "path", "unrouted")
    _log.error("request %s failed: %s %s", request_id, request.method, path, exc_info=error)
    return _told(request, Internal(request_id), names={})
