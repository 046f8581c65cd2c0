"""How a report's figure comes about: held readings × the rule pack's factors = grams.

It is computed anew from the newest readings that are held, so it says of a signed figure whether
the readings give it, and of a wrong one in which month they do not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection

from ledger.evidence.months import current_months, quantities_by_month
from ledger.period import Period, months_of
from ledger.rules.loader import Carrier, RulePack, grams_by_category, rule_pack_of
from ledger.store.rows import Row


@dataclass(frozen=True, slots=True)
class MeteredLine:
    """One meter's month: quantity in the carrier's unit × grams a unit = grams, all exact.

    `meter`, `document` (the upload) and `root` are 32 bytes.
    """

    meter: bytes
    carrier: str
    quantity: Decimal
    grams: Fraction
    document: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class ExplainedMonth:
    """One month of a figure; its grams are rounded once per category, so they may differ from
    the sum of the lines by less than a gram.
    """

    month: int
    lines: tuple[MeteredLine, ...]
    direct_grams: int
    indirect_grams: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A report's figure computed from readings beside the figure that was signed."""

    pack: RulePack
    months: tuple[ExplainedMonth, ...]
    missing_months: tuple[int, ...]
    direct_grams: int
    indirect_grams: int
    is_match: bool

    @property
    def carriers(self) -> dict[str, Carrier]:
        """The carriers of its lines by name, with the factors and their sources."""
        named = {line.carrier for month in self.months for line in month.lines}
        return {name: self.pack.carrier(name) for name in sorted(named)}


def report_explanation(reading: Connection, report: Row) -> Explanation:
    """The explanation of a recorded report. Raises RulePackUnknown, FigureTooLarge."""
    pack = rule_pack_of(report["rule_pack"])
    period = Period(report["period"])
    rows = current_months(reading, facilities=[report["facility"]], year=period.year)
    return explain(rows, pack, report=report)


def explain(rows: Iterable[Row], pack: RulePack, *, report: Row) -> Explanation:
    """What rows of readings (meter, period, carrier, quantity, document, root) come to.

    Raises CarrierUnknown, FigureTooLarge.
    """
    period = Period(report["period"])
    wanted = [one.number for one in (months_of(period.year) if period.is_year else (period,))]
    held = [row for row in rows if row["period"] in wanted]
    months = tuple(
        _month(number, [row for row in held if row["period"] == number], pack) for number in wanted
    )
    direct = sum(month.direct_grams for month in months)
    indirect = sum(month.indirect_grams for month in months)
    return Explanation(
        pack=pack,
        months=tuple(month for month in months if month.lines),
        missing_months=tuple(month.month for month in months if not month.lines),
        direct_grams=direct,
        indirect_grams=indirect,
        is_match=(direct, indirect) == (report["direct_grams"], report["indirect_grams"]),
    )


def exact_text(value: Fraction) -> str:
    """An exact number for reading: a decimal where it ends, else numerator/denominator."""
    odd = value.denominator
    places = 0
    for factor in (2, 5):
        count = 0
        while odd % factor == 0:
            odd //= factor
            count += 1
        places = max(places, count)
    if odd != 1:
        return f"{value.numerator}/{value.denominator}"
    digits = tuple(int(digit) for digit in str(value.numerator * 10**places // value.denominator))
    return format(Decimal((0, digits, -places)), "f")  # made of its digits: nothing is rounded


def _month(number: int, rows: Sequence[Row], pack: RulePack) -> ExplainedMonth:
    grams = grams_by_category(pack, quantities_by_month(list(rows)).get(number, {}))
    lines = tuple(_line(row, pack) for row in rows)
    return ExplainedMonth(number, lines, grams["direct"], grams["indirect"])


def _line(row: Row, pack: RulePack) -> MeteredLine:
    quantity = Decimal(row["quantity"])
    return MeteredLine(
        meter=row["meter"],
        carrier=row["carrier"],
        quantity=quantity,
        grams=Fraction(quantity) * pack.carrier(row["carrier"]).grams_per_unit,
        document=row["document"],
        root=row["root"],
    )
