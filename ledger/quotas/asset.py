"""An asset: instrument, vintage year and lot in one number (contracts.md, section 2)."""

import re

from ledger.chain.bindings import INSTRUMENTS
from ledger.errors import AssetMalformed

LOT_BITS, VINTAGE_BITS = 40, 16
_TEXT = re.compile(r"([A-Z]+)-([0-9]{4})(?:#([1-9][0-9]{0,12}))?")
_NAMES = {number: name for name, number in INSTRUMENTS.items()}


def instrument_of(asset: int) -> int:
    """The instrument's number: 1 PARK, 2 CEA, 3 CCER."""
    return asset >> (LOT_BITS + VINTAGE_BITS)


def vintage_of(asset: int) -> int:
    """The vintage year."""
    return asset >> LOT_BITS & ((1 << VINTAGE_BITS) - 1)


def parse_asset(text: str) -> int:
    """`PARK-2023`, or `CCER-2024#17` for a lot; raises AssetMalformed."""
    match = _TEXT.fullmatch(text)
    if match is None or match[1] not in INSTRUMENTS:
        raise AssetMalformed(text[:40])
    lot = int(match[3] or 0)
    if lot >= 1 << LOT_BITS:
        raise AssetMalformed(text[:40])
    high: int = INSTRUMENTS[match[1]] << VINTAGE_BITS | int(match[2])
    return high << LOT_BITS | lot


def asset_text(asset: int) -> str:
    """The text form; an instrument without a name shows as its number."""
    instrument, lot = instrument_of(asset), asset & ((1 << LOT_BITS) - 1)
    text = f"{_NAMES.get(instrument, instrument)}-{vintage_of(asset):04d}"
    return f"{text}#{lot}" if lot else text
