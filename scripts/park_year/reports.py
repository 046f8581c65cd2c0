"""Annual reports: the monthly table behind each figure, its document, the signed act.

Rounding is the rule pack's: grams half-up once per month and category, the year their sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from api.fields import hex_text
from ledger.rules.loader import RulePack, grams_by_category
from scripts.park_year.cast import CHEMICALS, ELECTRICITY, ENTERPRISES, Enterprise
from scripts.park_year.monthly import MeterEvidence, MonthEvidence, YearEvidence
from scripts.park_year.story import Story

SLIPPED_MONTH = 4  # the month whose kilowatt-hours were taken for megawatt-hours
SLIP_FACTOR = 1000


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """One month of a report; grams, direct and indirect."""

    evidence: MonthEvidence
    direct_grams: int
    indirect_grams: int


@dataclass(frozen=True, slots=True)
class ReportMade:
    """A report as it was handed in: its act id and its document's digest, both hex."""

    id: str
    document: str
    direct_grams: int
    indirect_grams: int


def report_year(story: Story, year: YearEvidence) -> dict[str, ReportMade]:
    """Everybody reports; the chemical works with a slip of the unit in one month."""
    story.time.move_to(story.timeline.report)
    made = {}
    for one in ENTERPRISES:
        months = year[one.name]
        if one.name == CHEMICALS:
            months = slipped(months)
        made[one.name] = hand_in(story, one, months)
    story.client.settle()
    story.tell("progress.reports")
    return made


def hand_in(story: Story, one: Enterprise, months: Sequence[MonthEvidence]) -> ReportMade:
    """Keep the table and submit the report that names it."""
    figures = figures_of(months, story.pack)
    direct = sum(month.direct_grams for month in figures)
    indirect = sum(month.indirect_grams for month in figures)
    document = story.upload_json(_document(story, one, figures), kind="calculation", by=one.name)
    message = {
        "facility": one.facility,
        "period": story.timeline.period.text,
        "follows": story.heads[one.facility],
        "direct_grams": direct,
        "indirect_grams": indirect,
        "document": document,
        "rule_pack": hex_text(story.pack.hash),
    }
    report = story.client.submit("Report", message, key=story.key(one.name))
    story.heads[one.facility] = report
    return ReportMade(report, document, direct, indirect)


def figures_of(months: Sequence[MonthEvidence], pack: RulePack) -> list[MonthFigures]:
    """Each month's grams by category, rounded once."""
    figures = []
    for month in months:
        quantities: dict[str, Decimal] = {}
        for meter in month.meters:
            before = quantities.get(meter.carrier, Decimal(0))
            quantities[meter.carrier] = before + meter.quantity
        grams = grams_by_category(pack, quantities)
        figures.append(MonthFigures(month, grams["direct"], grams["indirect"]))
    return figures


def slipped(months: Sequence[MonthEvidence]) -> list[MonthEvidence]:
    """The months with one month's electricity a thousand times too large."""
    wrong = list(months)
    month = wrong[SLIPPED_MONTH - 1]
    meters = tuple(
        replace(meter, quantity=meter.quantity * SLIP_FACTOR)
        if meter.carrier == ELECTRICITY
        else meter
        for meter in month.meters
    )
    wrong[SLIPPED_MONTH - 1] = replace(month, meters=meters)
    return wrong


def _document(story: Story, one: Enterprise, figures: Sequence[MonthFigures]) -> dict[str, Any]:
    return {
        "kind": "emission_report",
        "enterprise": one.identifier,
        "facility": one.facility,
        "period": story.timeline.period.text,
        "rule_pack": hex_text(story.pack.hash),
        "months": [_month_entry(month) for month in figures],
        "direct_grams": sum(month.direct_grams for month in figures),
        "indirect_grams": sum(month.indirect_grams for month in figures),
    }


def _month_entry(figures: MonthFigures) -> dict[str, Any]:
    return {
        "month": figures.evidence.month.text,
        "entries": [_meter_entry(meter) for meter in figures.evidence.meters],
        "deliveries": list(figures.evidence.deliveries),
        "direct_grams": figures.direct_grams,
        "indirect_grams": figures.indirect_grams,
    }


def _meter_entry(meter: MeterEvidence) -> dict[str, Any]:
    return {
        "meter": meter.meter,
        "carrier": meter.carrier,
        "unit": meter.unit,
        "quantity": format(meter.quantity, "f"),
        "readings": meter.document,
    }
