"""A report whose evidence was anchored from readings and documents that the ledger holds."""

from typing import Any

from api.fields import hex_text
from ledger.evidence.merkle import facility_root
from tests import messages as valid
from tests.api.test_documents import METER, WHOLE, _upload
from tests.api.world import World

MONTH = "2023-02"
STAMP = "2023-02-03T04:00:00+08:00"
SIGNER, OTHER_SIGNER = "enterprise 1", "reporter"


def prove(world: World) -> str:
    """Upload a month, anchor it with another before it, report it, correct it; the report's id.

    The root commits to one of two deliveries and one of two documents beside the readings. The
    first month is anchored with another key of the enterprise.
    """
    kept = _upload(world, WHOLE).json()
    digests = [_deliver(world, megajoules) for megajoules in (1, 2)][1:]
    digests += [_keep(world, content) for content in (b"unrelated", b"invoice")][1:]
    root = facility_root({METER: bytes.fromhex(kept["root"][2:])}, digests)
    first = _act(
        world, "Evidence", valid.evidence(period=MONTH, month="2023-01"), signer=OTHER_SIGNER
    )
    message = valid.evidence(period=MONTH, month=MONTH, root=hex_text(root), follows=first)
    anchored = _act(world, "Evidence", message | {"leaves": kept["leaves"] + len(digests)})
    reported = _act(world, "Report", valid.report(period=MONTH, follows=anchored))
    corrected = valid.report(period=MONTH, follows=reported, direct_grams=3, indirect_grams=4)
    return _act(world, "Report", corrected)


def proof_of(world: World, report: str, *, by: str | None = SIGNER, **query: str) -> Any:
    """The answer to who asks for the proof."""
    headers = world.park.headers(by)
    return world.park.http.get(f"/v1/proofs/{report}", params=query, headers=headers)


def _act(world: World, message_type: str, message: dict[str, Any], *, signer: str = SIGNER) -> str:
    return world.park.act(message_type, message, signer=signer)


def _deliver(world: World, megajoules: int) -> bytes:
    answer = world.park.post("Delivery", world.body("Delivery", megajoules=megajoules))
    return bytes.fromhex(answer.json()["id"][2:])


def _keep(world: World, content: bytes) -> bytes:
    return bytes.fromhex(world.park.upload(content, "invoice")["digest"][2:])
