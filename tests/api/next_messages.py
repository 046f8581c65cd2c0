"""Builders of the messages that only these tests send; one overrides what it is about."""

from typing import Any

from tests import messages as valid
from tests.park import FOR_EVER, START

Message = dict[str, Any]
OTHERS_FACILITY = "88.111.2/FAC.0001"


def facility(number: int) -> str:
    """A facility of the first enterprise."""
    return f"88.111.1/FAC.{number:04}"


def registration(**changes: Any) -> Message:
    """A seventh facility of the first enterprise."""
    return {
        "parent": "88.111.1",
        "label": "FAC.0007",
        "is_prefix": False,
        "kind": "facility",
        "owner": "88.111/ENT.0001",
        "record": None,
    } | changes


def record_change() -> Message:
    """The first change of the first facility's record."""
    return {"subject": facility(1), "record": valid.DOCUMENT, "revision": 1}


def standing_change(subject: str, **changes: Any) -> Message:
    """A restriction: the account may receive and not send."""
    return {
        "authority": "88/REG.310000",
        "subject": subject,
        "standing": 3,
        "revision": 2,
        "reason": None,
    } | changes


def accreditation(**changes: Any) -> Message:
    """The first verifier's accreditation again."""
    return {
        "authority": "88/REG.310000",
        "verifier": "88/VER.0001",
        "valid_from": START,
        "valid_until": FOR_EVER,
        "sectors": 7,
        "certificate": valid.DOCUMENT,
        "revision": 2,
    } | changes


def tie() -> Message:
    """The first enterprise says that the third verifier is affiliated."""
    return {
        "participant": "88.111/ENT.0001",
        "verifier": "88/VER.0003",
        "enterprise": "88.111/ENT.0001",
        "ties": 1,
    }


def reopening(follows: str) -> Message:
    """The first facility's confirmed year is opened again."""
    return {
        "facility": facility(1),
        "period": "2023",
        "follows": follows,
        "authority": "88/REG.310000",
        "reason": valid.DOCUMENT,
    }


def cap() -> Message:
    """A second, larger cap."""
    return {
        "authority": "88/REG.310000",
        "asset": "PARK-2023",
        "tonnes": 20_000,
        "revision": 2,
        "document": valid.DOCUMENT,
    }


def rule() -> Message:
    """The surrender rule again, three hours longer."""
    return {
        "authority": "88/REG.310000",
        "instrument": "park",
        "year": 2023,
        "first_vintage": 2023,
        "last_vintage": 2023,
        "share_permyriad": 10_000,
        "is_strict": True,
        "surrender_by": "2024-12-31T19:00:00Z",
        "revision": 2,
        "rule_pack": valid.RULE_PACK,
    }


def cancellation() -> Message:
    """One tonne given up for somebody."""
    return {
        "account": "88.111/ENT.0001",
        "asset": "PARK-2023",
        "tonnes": 1,
        "beneficiary": "88.111/ENT.0002",
        "reason": valid.DOCUMENT,
        "nonce": 5,
    }


def finding(report: str) -> Message:
    """A finding of the first verifier on a report."""
    return {
        "report": report,
        "verifier": "88/VER.0001",
        "parameter": "electricity 2023-03",
        "document": valid.DOCUMENT,
    }


def delivery(**changes: Any) -> Message:
    """Steam from the first enterprise to the second."""
    return {
        "supplier": "88.111/ENT.0001",
        "consumer": "88.111/ENT.0002",
        "month": "2023-02",
        "carrier": "steam",
        "megajoules": 3_600,
        "salt": valid.DOCUMENT,
    } | changes
