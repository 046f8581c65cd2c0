"""OpenAPI: FastAPI's own, with the envelopes' schemas and the problem put into the components."""

import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from api.errors import PROBLEM
from api.examples import add_examples, answer_schema
from api.exports import MEDIA_TYPES
from api.invitations import InvitationWish
from api.messages import ENVELOPES, IN_CUSTODY, PREPARATIONS
from api.problems import all_codes
from api.requests import COOKIE
from api.tokens import TokenWish

_REFERENCE = "#/components/schemas/{model}"
_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "code", "status", "title", "detail", "facts", "next"],
    "properties": {
        "type": {"type": "string"},
        "code": {
            "enum": all_codes(),
            "description": "Stable; of a contract's refusal the Solidity error's name.",
        },
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "facts": {"type": "object"},
        "next": {"type": "string", "description": "What to do now."},
    },
}
# A signed Access opens one session, an invitation one token, an act's id is its line's
# key, preparing writes nothing.
_WITHOUT_KEY = (
    "/v1/invitations/{secret}",
    "/v1/prepare/{message_type}",
    "/v1/sessions",
    "/v1/submissions",
)
_BEARER = {"type": "http", "scheme": "bearer", "description": "An access token: POST /v1/sessions."}
_COOKIE = {
    "type": "apiKey",
    "in": "cookie",
    "name": COOKIE,
    "description": "A browser session: POST /v1/sessions?cookie=1; writes need X-CSRF-Token.",
}
_FILE = {"schema": {"type": "string"}}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same caller, key and body get the same answer again.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
}
_WAIT = {
    "name": "wait",
    "in": "query",
    "description": "Answer 200 with the submission once the chain has it.",
    "schema": {"enum": ["provisional", "final"]},
}


_SETTLED = {
    "description": "With `wait`: the submission, as far as it was waited for",
    "content": {"application/json": {"schema": {"$ref": answer_schema("get_submission", 200)}}},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of this application."""
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            license_info=app.license_info,
            routes=app.routes,
        )
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM_SCHEMA
        described["components"]["securitySchemes"] = {"token": _BEARER, "session": _COOKIE}
        for model in _models():
            schema = model.model_json_schema(ref_template=_REFERENCE)
            schemas |= schema.pop("$defs", {})
            schemas[model.__name__] = schema
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation)
        described = json.loads(json.dumps(described))  # what operations shared is each one's now
        add_examples(described)
        app.openapi_schema = described
    return app.openapi_schema


def _models() -> Iterator[type[BaseModel]]:
    """What bodies are made of."""
    for models in (ENVELOPES, IN_CUSTODY, PREPARATIONS):
        yield from models.values()
    yield from (TokenWish, InvitationWish)


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """What every route has in common: problems, and the headers of a write."""
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    a_problem = {"description": "A problem (RFC 9457)", "content": {PROBLEM: reference}}
    # The routes of another protocol say themselves how that one refuses.
    operation["responses"].setdefault("default", a_problem)
    operation["responses"].pop("422", None)
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    if "format" in names:
        content = operation["responses"]["200"]["content"]
        content |= {kind.partition(";")[0]: _FILE for kind in MEDIA_TYPES.values()}
    if path == "/v1/documents/{digest}":
        operation["responses"]["200"]["content"] = {"*/*": _FILE}
    if method == "post" and path.startswith("/v1") and path not in _WITHOUT_KEY:
        parameters = operation.setdefault("parameters", [])
        parameters.append(_IDEMPOTENCY_KEY)
        operation["security"] = [{"token": ["submit"]}, {"session": []}]
        if "202" in operation["responses"]:
            parameters.append(_WAIT)
            operation["responses"]["200"] = _SETTLED
