"""Figures as people read them: thousands apart, tonnes of grams, times of the park."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from ledger.carbon import GRAMS_PER_TONNE
from ledger.period import PARK_TIME

NOTHING = "–"
_KILOGRAM = Decimal("0.001")  # of a tonne
_HASH_CHARACTERS = 10


def number(value: int | str | None) -> str:
    """An integer or decimal string with its thousands apart; an exact fraction as it is."""
    if value is None:
        return NOTHING
    text = str(value)
    return text if "/" in text else f"{Decimal(text):,f}"


def tonnes(grams: int | None) -> str:
    """Grams as tonnes to the kilogram, half-up, for reading; the grams are what counts."""
    if grams is None:
        return NOTHING
    return f"{(Decimal(grams) / GRAMS_PER_TONNE).quantize(_KILOGRAM, ROUND_HALF_UP):,f}"


def exact_tonnes(grams: int) -> str:
    """Grams as tonnes with all six decimals: nothing is rounded."""
    return f"{Decimal(grams).scaleb(-6):,f}"


def short(value: str | None) -> str:
    """The beginning of a hash or an act id."""
    return NOTHING if value is None else f"{value[:_HASH_CHARACTERS]}…"


def park_time(text: str | None) -> str:
    """RFC 3339 in UTC as the park's clock shows it."""
    if text is None:
        return NOTHING
    return datetime.fromisoformat(text).astimezone(PARK_TIME).strftime("%Y-%m-%d %H:%M")
