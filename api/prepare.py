"""What to sign, completed and told in plain words, and what would be refused of it: no writing."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.errors import language_of, problem
from api.fields import hashes_in, hex_text, to_wire
from api.messages import PREPARATIONS, parse_preparation
from api.requests import ledger_of, parse_json, read_body, require_json, viewer_of
from api.sentences import sentence
from identity.typed_data import wallet_form
from ledger.assembly import Manifest, Reading, service_name
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import names_of
from ledger.messages import fields_of
from ledger.naming import snake_case
from ledger.outbox.act import SignedAct
from ledger.preparation import Prepared, Preparing, prepare

router = APIRouter(prefix="/v1", tags=["prepare"])
_BODIES = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in PREPARATIONS.values()]


@router.post(
    "/prepare/{message_type}",
    summary="A message completed for signing, as typed data and in words; nothing is written",
    openapi_extra={
        "security": [{"token": ["read"]}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": _BODIES}}},
        },
    },
)
async def post_preparation(request: Request, message_type: str) -> dict[str, Any]:
    viewer_of(request).require("read")
    require_json(request)
    if message_type not in PREPARATIONS:
        raise ResourceUnknown(f"prepare/{message_type}")
    body = parse_json(await read_body(request))
    return await run_in_threadpool(_prepare, request, message_type, body)


def _prepare(request: Request, message_type: str, body: Any) -> dict[str, Any]:
    partial, given = parse_preparation(message_type, body)
    ledger, viewer = ledger_of(request), viewer_of(request)
    with ledger.reading() as reading:
        preparing = Preparing(reading, viewer, ledger.manifest, ledger.clock.now())
        prepared = prepare(partial, preparing)
        names = _names(reading, prepared, ledger.manifest)
        return _body(prepared, given, names=names, language=language_of(request))


def _names(reading: Reading, prepared: Prepared, manifest: Manifest) -> dict[bytes, str]:
    """The identifiers the message names; the service's own may not be registered yet."""
    facts = [refusal.facts for refusal in prepared.refusals]
    names = names_of(reading, hashes_in([prepared.act.message, *facts]) | {manifest.root})
    return names | {manifest.service: service_name(names[manifest.root])}


def _body(
    prepared: Prepared, given: dict[str, Any], *, names: Mapping[bytes, str], language: str
) -> dict[str, Any]:
    act, domain = prepared.act, prepared.domain
    message = _wire(act, names) | given
    return {
        "message": message,
        "domain": {"chain_id": domain.chain_id, "contract": hex_text(domain.contract)},
        "typed_data": wallet_form(domain, act.type, fields_of(act.type), message=act.message),
        "digest": hex_text(act.digest),
        "id": hex_text(act.id),
        "sentence": sentence(act.type, message),
        "refusals": [
            problem(refusal, names=names, language=language) for refusal in prepared.refusals
        ],
    }


def _wire(act: SignedAct, names: Mapping[bytes, str]) -> dict[str, Any]:
    """The message as it is posted; what was given keeps the form it was given in."""
    return {
        snake_case(name): to_wire(snake_case(name), act.message[name], names)
        for name, _ in fields_of(act.type)
    }
