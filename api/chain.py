"""The chain for those who check us: read-only JSON-RPC, and what a client must know to sign."""

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.errors import json_bytes
from api.fields import hex_text, to_wire
from api.freshness import freshness_fields
from api.requests import ledger_of, parse_json, read_body
from ledger.assembly import CONTRACTS, Ledger, NodeError, service_name
from ledger.errors import MethodRefused
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import freshness

router = APIRouter()
_REFUSED, _INVALID_REQUEST = -32601, -32600
_BATCH_MAX = 100


_ONE_ANSWER = {
    "type": "object",
    "required": ["jsonrpc", "id"],
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["integer", "string", "null"]},
        "result": {},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
        },
    },
}
_ANSWER = {"anyOf": [_ONE_ANSWER, {"type": "array", "items": _ONE_ANSWER}]}


@router.post(
    "/rpc",
    tags=["chain"],
    summary="The embedded chain's JSON-RPC, reading methods only",
    openapi_extra={
        "requestBody": {"content": {"application/json": {"schema": {"type": ["object", "array"]}}}},
        "responses": {"200": {"content": {"application/json": {"schema": _ANSWER}}}},
    },
)
async def post_rpc(request: Request) -> Response:
    body = parse_json(await read_body(request))
    return await run_in_threadpool(_answer, ledger_of(request), body)


def _answer(ledger: Ledger, body: Any) -> Response:
    answer: Any
    if not isinstance(body, list):
        answer = _call(ledger, body)
    elif 1 <= len(body) <= _BATCH_MAX:
        answer = [_call(ledger, one) for one in body]
    else:
        answer = _invalid(None, f"a batch has 1 to {_BATCH_MAX} calls")
    return Response(json_bytes(answer), media_type="application/json")


def _invalid(identity: Any, message: str) -> dict[str, Any]:
    error = {"code": _INVALID_REQUEST, "message": message}
    return {"jsonrpc": "2.0", "id": identity, "error": error}


def _call(ledger: Ledger, call: Any) -> dict[str, Any]:
    """JSON-RPC 2.0: an error is an answer, not an HTTP status."""
    is_call = isinstance(call, dict) and isinstance(call.get("method"), str)
    parameters = call.get("params", []) if is_call else None
    identity = call.get("id") if isinstance(call, dict) else None
    answer = {"jsonrpc": "2.0", "id": identity}
    if not is_call or not isinstance(parameters, list):
        return _invalid(identity, "not a JSON-RPC call")
    try:
        return answer | {"result": ledger.rpc(call["method"], parameters)}
    except MethodRefused as error:
        offered = ", ".join(error.offered)
        message = f"{error.method} is not offered here: this chain is read by {offered}"
        return answer | {"error": {"code": _REFUSED, "message": message}}
    except NodeError as error:
        told: dict[str, Any] = {"code": error.code, "message": str(error)}
        return answer | {"error": told | ({"data": error.data} if error.data else {})}


@router.get("/.well-known/carbonledger", tags=["chain"], summary="What a client needs to sign")
def get_well_known(request: Request) -> dict[str, Any]:
    ledger = ledger_of(request)
    manifest = ledger.manifest
    with ledger.reading() as reading:
        names = names_of(reading, {manifest.root})
        # Sessions are asked of it before anybody could register it.
        names[manifest.service] = service_name(names[manifest.root])
        contracts = {
            name: {
                "address": hex_text(manifest.address_of(name)),
                "code_hash": hex_text(getattr(manifest, f"{name.lower()}_code_hash")),
            }
            for name in CONTRACTS
        }
        return {
            "chain_id": manifest.chain_id,
            "genesis": hex_text(manifest.genesis),
            "contracts": contracts,
            "root": to_wire("owner", manifest.root, names),
            "service": to_wire("service", manifest.service, names),
            "service_key": hex_text(manifest.service_key),
            "is_demo": manifest.is_demo,
            "head": hex_text(freshness(reading).head_hash),
        } | freshness_fields(reading)
