"""Amounts of carbon: grams of CO2e as integers, whole tonnes, and the two roundings between."""

from fractions import Fraction

from ledger.contract_errors import FigureTooLarge

GRAMS_MAX = 2**53 - 1
GRAMS_PER_TONNE = 1_000_000


def rounded_grams(exact: Fraction) -> int:
    """An exact, non-negative amount rounded half-up to whole grams. Raises FigureTooLarge."""
    return checked_grams(_half_up(exact))


def tonnes_from_grams(grams: int) -> int:
    """Whole tonnes of an amount, half-up: done once, at confirmation. Raises FigureTooLarge."""
    return _half_up(Fraction(checked_grams(grams), GRAMS_PER_TONNE))


def checked_grams(grams: int) -> int:
    """The amount itself if figures can hold it. Raises FigureTooLarge."""
    assert grams >= 0, "emissions are never negative: removals are shown apart"
    if grams > GRAMS_MAX:
        raise FigureTooLarge(grams)
    return grams


def _half_up(exact: Fraction) -> int:
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
