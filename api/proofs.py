"""A report's proof as a file that is checked with nothing of ours (scripts/check_proof.py)."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from api.errors import json_bytes
from api.fields import hex_text, invalid, parse_hex
from api.paging import asked_filters, query_parameters
from api.requests import ledger_of, reader_of
from ledger.assembly import Ledger, Reading
from ledger.chain.bindings import MESSAGES
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import act_of_type
from ledger.proofs import ChainedAct, DisclosedReading, disclose, figure_chain, meter_hash
from ledger.visibility import sight_of

router = APIRouter(prefix="/v1", tags=["proofs"])
FORMAT = "carbonledger-proof/1"
_FILTERS = ["meter", "stamp"]
_SEEING = ("owner", "case", "regulator")
_NAMED = ("facility", "verifier", "authority", "account")
_WAYS = ("day", "month", "facility")


@router.get(
    "/proofs/{act_id}",
    summary="A report with every act of its figure, and one reading where its owner wants it",
    openapi_extra=query_parameters(*_FILTERS, is_list=False),
)
def get_proof(request: Request, act_id: str) -> Response:
    report = parse_hex(act_id, size=32, pointer="/id")
    asked = asked_filters(request, _FILTERS)
    if len(asked) == 1:
        raise invalid("/meter" if "stamp" in asked else "/stamp", "missing")
    ledger = ledger_of(request)
    with ledger.reading() as reading:
        viewer = reader_of(request)
        row = act_of_type(reading, "Report", report, sight_of(reading, viewer, "Report"))
        # Whom a reading is disclosed to is its owner's to say.
        if row["view"] not in (_SEEING[:1] if asked else _SEEING):
            raise ResourceUnknown(act_id)
        body = _body(ledger, reading, report, asked)
    headers = {"Content-Disposition": f'attachment; filename="proof-{act_id[:10]}.json"'}
    return Response(json_bytes(body), headers=headers, media_type="application/json")


def _body(
    ledger: Ledger, reading: Reading, report: bytes, asked: Mapping[str, str]
) -> dict[str, Any]:
    acts = figure_chain(reading, report)
    manifest = ledger.manifest
    disclosed = None
    if asked:
        disclosed = disclose(
            reading,
            acts,
            meter=meter_hash(asked["meter"]),
            stamp=asked["stamp"],
            sealing_key=ledger.keys.sealing,
        )
    return {
        "format": FORMAT,
        "report": hex_text(report),
        "chain_id": manifest.chain_id,
        "contract": hex_text(manifest.address_of("Emissions")),
        "acts": [_act_body(reading, act) for act in acts],
        "reading": None if disclosed is None else _reading_body(disclosed),
    }


def _act_body(reading: Reading, act: ChainedAct) -> dict[str, Any]:
    """The message as it was hashed: numbers as numbers, bytes in hex, identifiers by name."""
    kinds = dict(MESSAGES[act.type]["fields"])
    named = {value for name, value in act.message.items() if name in _NAMED}
    names = names_of(reading, named)
    message = {
        name: names.get(value, hex_text(value)) if kinds[name] == "bytes32" else value
        for name, value in act.message.items()
    }
    signed = {"signature": hex_text(act.signature), "key": hex_text(act.key)}
    return {"type": act.type, "message": message} | signed


def _reading_body(disclosed: DisclosedReading) -> dict[str, Any]:
    ways = zip(_WAYS, disclosed.ways, strict=True)
    return {
        "meter": disclosed.meter,
        "stamp": disclosed.stamp,
        "quantity": disclosed.quantity,
        "unit": disclosed.unit,
        "salt": hex_text(disclosed.salt),
        "ways": {name: [_sibling(*one) for one in way] for name, way in ways},
    }


def _sibling(is_left: bool, value: bytes) -> str:
    return f"{'left' if is_left else 'right'} {hex_text(value)}"
