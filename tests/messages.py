"""Builders of valid wire messages; a test overrides only what it is about."""

import hashlib
from typing import Any

from api.fields import hex_text

RULE_PACK = hex_text(hashlib.sha256(b"rules").digest())
DOCUMENT = hex_text(hashlib.sha256(b"document").digest())
YEAR = 2023
NOBODY = "0x" + "00" * 32


def allocation(**changes: Any) -> dict[str, Any]:
    """A valid first allocation for the first enterprise."""
    message = {
        "authority": "88/REG.310000",
        "account": "88.111/ENT.0001",
        "asset": "PARK-2023",
        "tonnes": 1000,
        "revision": 1,
        "rule_pack": RULE_PACK,
        "explanation": DOCUMENT,
    }
    return message | changes


def assignment(**changes: Any) -> dict[str, Any]:
    """A valid first assignment of the verifier to the first enterprise."""
    message = {
        "authority": "88/REG.310000",
        "verifier": "88/VER.0001",
        "enterprise": "88.111/ENT.0001",
        "first_year": YEAR,
        "last_year": YEAR,
        "sectors": 1,
        "ties": 0,
        "revision": 1,
    }
    return message | changes


def evidence(**changes: Any) -> dict[str, Any]:
    """A valid first anchor of the first enterprise's year."""
    message = {
        "facility": "88.111.1/FAC.0001",
        "period": str(YEAR),
        "follows": NOBODY,
        "month": f"{YEAR}-01",
        "root": DOCUMENT,
        "leaves": 744,
    }
    return message | changes


def report(**changes: Any) -> dict[str, Any]:
    """A valid bare report of the first enterprise's year: 50 t and a bit."""
    message = {
        "facility": "88.111.1/FAC.0001",
        "period": str(YEAR),
        "follows": NOBODY,
        "direct_grams": 0,
        "indirect_grams": 50_250_000,
        "document": DOCUMENT,
        "rule_pack": RULE_PACK,
    }
    return message | changes


def statement(follows: str, **changes: Any) -> dict[str, Any]:
    """A positive statement on that report."""
    message = {
        "facility": "88.111.1/FAC.0001",
        "period": str(YEAR),
        "follows": follows,
        "verifier": "88/VER.0001",
        "opinion": "positive",
        "verified_grams": 50_250_000,
        "document": DOCUMENT,
    }
    return message | changes


def confirmation(follows: str, **changes: Any) -> dict[str, Any]:
    """The confirmation of that statement in whole tonnes."""
    message = {
        "facility": "88.111.1/FAC.0001",
        "period": str(YEAR),
        "follows": follows,
        "authority": "88/REG.310000",
        "account": "88.111/ENT.0001",
        "tonnes": 50,
    }
    return message | changes


def transfer(**changes: Any) -> dict[str, Any]:
    """100 t from the first enterprise to the second."""
    message = {
        "from": "88.111/ENT.0001",
        "to": "88.111/ENT.0002",
        "asset": "PARK-2023",
        "tonnes": 100,
        "nonce": 1,
    }
    return message | changes


def surrender(**changes: Any) -> dict[str, Any]:
    """50 t of the first enterprise for the year."""
    message = {
        "account": "88.111/ENT.0001",
        "asset": "PARK-2023",
        "tonnes": 50,
        "year": YEAR,
        "nonce": 2,
    }
    return message | changes
