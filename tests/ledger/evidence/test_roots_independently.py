"""Evidence roots recomputed with the standard library alone: nothing of ours is imported.

What is recomputed here is what test_merkle holds our own trees to, through known_roots.json.
"""

import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

KNOWN = json.loads((Path(__file__).parent / "known_roots.json").read_text())


def tree_head(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, as the text defines it: split at the largest power of two."""
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    left, right = tree_head(entries[:split]), tree_head(entries[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def month_root(meter: str) -> bytes:
    """February 2024 in hours; reading i is (i mod 97).(i mod 10) kWh."""
    start = datetime(2024, 2, 1, tzinfo=timezone(timedelta(hours=8)))
    entries = []
    for index in range(29 * 24):
        stamp = (start + timedelta(hours=index)).isoformat()
        text = f"{meter}|{stamp}|{index % 97}.{index % 10}|{KNOWN['unit']}"
        message = index.to_bytes(8, "big")
        key = bytes.fromhex(KNOWN["seed"])
        entries.append(hmac.new(key, message, hashlib.sha256).digest() + text.encode())
    days = [tree_head(entries[first : first + 24]) for first in range(0, len(entries), 24)]
    return tree_head(days)


@pytest.mark.parametrize("place", [0, 1])
def test_month_root_is_the_known_one_when_recomputed_from_the_text(place: int) -> None:
    assert month_root(KNOWN["meters"][place]).hex() == KNOWN["month_roots"][place]


def test_facility_root_is_the_known_one_when_recomputed_from_the_text() -> None:
    meters = [month_root(meter) for meter in sorted(KNOWN["meters"])]
    digests = sorted(bytes.fromhex(entry) for entry in KNOWN["digests"])
    assert tree_head(meters + digests).hex() == KNOWN["facility_root"]
