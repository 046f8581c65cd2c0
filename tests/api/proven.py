"""A report whose evidence was anchored from readings that the ledger holds."""

from typing import Any

from api.fields import hex_text
from ledger.evidence.merkle import facility_root
from tests import messages as valid
from tests.api.test_documents import METER, WHOLE, _upload
from tests.api.world import World

MONTH = "2023-02"
STAMP = "2023-02-03T04:00:00+08:00"


def prove(world: World) -> str:
    """Upload a month, anchor it with another before it, report it, correct it; the report's id."""
    kept = _upload(world, WHOLE).json()
    root = facility_root({METER: bytes.fromhex(kept["root"][2:])}, ())
    first = _act(world, "Evidence", valid.evidence(period=MONTH, month="2023-01"))
    message = valid.evidence(period=MONTH, month=MONTH, root=hex_text(root), follows=first)
    anchored = _act(world, "Evidence", message | {"leaves": kept["leaves"]})
    reported = _act(world, "Report", valid.report(period=MONTH, follows=anchored))
    corrected = valid.report(period=MONTH, follows=reported, indirect_grams=7)
    return _act(world, "Report", corrected)


def proof_of(world: World, report: str, *, by: str | None = "enterprise 1", **query: str) -> Any:
    """The answer to who asks for the proof."""
    headers = world.park.headers(by)
    return world.park.http.get(f"/v1/proofs/{report}", params=query, headers=headers)


def _act(world: World, message_type: str, message: dict[str, Any]) -> str:
    return world.park.act(message_type, message, signer="enterprise 1")
