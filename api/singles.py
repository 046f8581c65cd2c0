"""One resource as an answer, with a tag (RFC 9110, 8.8.3): nobody is sent again what he has."""

from hashlib import sha256
from typing import Any

from fastapi import Request, Response

from api.errors import json_bytes

_TAG_CHARACTERS = 32
_YEAR_SECONDS = 365 * 86_400


def single_response(
    request: Request, body: dict[str, Any], freshness: dict[str, Any], *, is_immutable: bool = False
) -> Response:
    """The resource with how fresh it is, or 304 when the caller has just this.

    The tag covers what is shown, in the caller's view, and not how far the chain was read.
    """
    digest = sha256(json_bytes(body)).hexdigest()[:_TAG_CHARACTERS]
    headers = {"ETag": f'"{digest}"', "Vary": "Authorization, Cookie"}
    if is_immutable:
        headers["Cache-Control"] = f"private, max-age={_YEAR_SECONDS}, immutable"
    if f'"{digest}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(json_bytes(body | freshness), headers=headers, media_type="application/json")
