"""The verifier's work: recompute each report from its evidence, find what is wrong, state it.

What the verifier knows comes from the service alone: act, document, readings, anchored roots.
Only the salt seeds are handed over by the enterprise, since the service shows them to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.client import resource
from api.fields import hex_text
from ledger.carbon import tonnes_from_grams
from ledger.evidence.merkle import facility_root, month_tree
from ledger.evidence.readings import MonthOfReadings, parse_month
from ledger.period import Period
from ledger.rules.loader import grams_by_category
from scripts.park_year.cast import (
    CHEMICALS,
    ENTERPRISES,
    REGULATOR,
    REGULATOR_OF_FIGURES,
    VERIFIER,
    VERIFIER_PERSON,
    Enterprise,
)
from scripts.park_year.monthly import YearEvidence
from scripts.park_year.refusals import DemoRefused
from scripts.park_year.reports import ReportMade, hand_in
from scripts.park_year.story import Story


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One quantity of a report that its readings do not give."""

    month: str
    meter: str
    carrier: str
    unit: str
    reported: Decimal
    recomputed: Decimal


@dataclass(frozen=True, slots=True)
class Recomputation:
    """What a report comes to when it is computed from its readings."""

    report: str
    reported_grams: int
    grams: int
    discrepancies: tuple[Discrepancy, ...]


@dataclass(frozen=True, slots=True)
class FindingMade:
    """The finding with what it is about; ids in hex."""

    id: str
    statement: str
    first: Recomputation
    corrected: ReportMade


def verify_year(story: Story, year: YearEvidence, reports: Mapping[str, ReportMade]) -> FindingMade:
    """The wrong report is found and stated negative, corrected, and all are stated positive."""
    chemicals = next(one for one in ENTERPRISES if one.name == CHEMICALS)
    story.time.move_to(story.timeline.finding)
    first = recompute(story, chemicals, reports[CHEMICALS].id)
    if not first.discrepancies:
        raise DemoRefused("NothingFound", report=first.report)
    finding = _find(story, first)
    statement = _state(story, chemicals, first, opinion="negative", findings=[finding])
    story.client.settle()
    story.tell("progress.finding", month=first.discrepancies[0].month)
    story.time.move_to(story.timeline.correction)
    corrected = hand_in(story, chemicals, year[CHEMICALS])
    story.client.settle()
    story.time.move_to(story.timeline.verification)
    for one in ENTERPRISES:
        report = corrected.id if one is chemicals else reports[one.name].id
        _approve(story, one, report)
    story.client.settle()
    story.tell("progress.statements")
    return FindingMade(finding, statement, first, corrected)


def confirm_year(story: Story) -> None:
    """The regulator makes the figures final, in whole tonnes."""
    story.time.move_to(story.timeline.confirmation)
    for one in ENTERPRISES:
        statement = story.client.get(f"/v1/statements/{story.heads[one.facility]}")
        message = {
            "facility": one.facility,
            "period": story.timeline.period.text,
            "follows": statement["id"],
            "authority": REGULATOR,
            "account": one.identifier,
            "tonnes": tonnes_from_grams(statement["verified_grams"]),
        }
        key = story.key(REGULATOR_OF_FIGURES.name)
        story.heads[one.facility] = story.client.submit("Confirmation", message, key=key)
    story.client.settle()
    story.tell("progress.confirmed")


def recompute(story: Story, one: Enterprise, report: str) -> Recomputation:
    """A report computed again from the readings it names, held against the anchored roots."""
    verifier = VERIFIER_PERSON.name
    act = story.client.get(f"/v1/reports/{report}", by=verifier)
    document = story.download_json(act["document"], by=verifier)
    roots, records = _anchored_roots(story, one), _records(story, document)
    grams, discrepancies = 0, []
    for entry in document["months"]:
        month = Period.from_text(entry["month"])
        metered = {
            each["meter"]: _metered(story, each, month, record=records[each["meter"]])
            for each in entry["entries"]
        }
        if _root(story, metered, month, deliveries=entry["deliveries"]) != roots[month.text]:
            raise DemoRefused("RootsDiffer", meter=one.facility, month=month.text)
        quantities = {each.carrier: each.readings.total for each in metered.values()}
        of_month = grams_by_category(story.pack, quantities)
        grams += of_month["direct"] + of_month["indirect"]
        discrepancies += _discrepancies(entry, metered)
    reported = act["direct_grams"] + act["indirect_grams"]
    return Recomputation(report, reported, grams, tuple(discrepancies))


@dataclass(frozen=True, slots=True)
class _Metered:
    """A meter's month as its readings and its registered record say."""

    readings: MonthOfReadings
    carrier: str
    unit: str


def _records(story: Story, document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The registered record of every meter that a report names."""
    meters = {each["meter"] for entry in document["months"] for each in entry["entries"]}
    return {
        meter: story.download_json(
            story.client.get(resource("identifiers", meter))["record"], by=VERIFIER_PERSON.name
        )
        for meter in sorted(meters)
    }


def _metered(
    story: Story, entry: Mapping[str, Any], month: Period, *, record: Mapping[str, Any]
) -> _Metered:
    verifier = story.client.of(VERIFIER_PERSON.name)
    content = verifier.get_bytes(f"/v1/documents/{entry['readings']}")
    readings = parse_month(content, period=month, step_seconds=record["step_seconds"])
    return _Metered(readings, record["quantity"], record["unit"])


def _root(
    story: Story, metered: Mapping[str, _Metered], month: Period, *, deliveries: list[str]
) -> str:
    roots = {
        meter: month_tree(
            each.readings,
            meter=meter,
            unit=each.unit,
            seed=story.secrets.seeds[meter, month.text],
        ).root
        for meter, each in metered.items()
    }
    return hex_text(facility_root(roots, [bytes.fromhex(one[2:]) for one in deliveries]))


def _anchored_roots(story: Story, one: Enterprise) -> dict[str, str]:
    """The newest root of each month of the figure."""
    period = story.timeline.period.text
    anchors = story.client.carrier.items("/v1/evidence", facility=one.facility, period=period)
    return {anchor["month"]: anchor["root"] for anchor in anchors}


def _discrepancies(entry: Mapping[str, Any], metered: Mapping[str, _Metered]) -> list[Discrepancy]:
    return [
        Discrepancy(
            month=entry["month"],
            meter=each["meter"],
            carrier=metered[each["meter"]].carrier,
            unit=metered[each["meter"]].unit,
            reported=Decimal(each["quantity"]),
            recomputed=metered[each["meter"]].readings.total,
        )
        for each in entry["entries"]
        if Decimal(each["quantity"]) != metered[each["meter"]].readings.total
    ]


def _find(story: Story, wrong: Recomputation) -> str:
    """Keep the finding's document and sign the finding; its id."""
    one = wrong.discrepancies[0]
    document = {
        "kind": "finding",
        "report": wrong.report,
        "month": one.month,
        "meter": one.meter,
        "carrier": one.carrier,
        "unit": one.unit,
        "reported_quantity": format(one.reported, "f"),
        "evidence_quantity": format(one.recomputed, "f"),
        "reported_grams": wrong.reported_grams,
        "recomputed_grams": wrong.grams,
    }
    message = {
        "report": wrong.report,
        "verifier": VERIFIER,
        "parameter": f"{one.carrier} {one.month}",
        "document": story.upload_json(document, kind="audit", by=VERIFIER_PERSON.name),
    }
    return story.client.submit("Finding", message, key=story.key(VERIFIER_PERSON.name))


def _approve(story: Story, one: Enterprise, report: str) -> None:
    again = recompute(story, one, report)
    if again.discrepancies or again.grams != again.reported_grams:
        raise DemoRefused("ReportWrong", report=report)
    _state(story, one, again, opinion="positive", findings=[])


def _state(
    story: Story, one: Enterprise, checked: Recomputation, *, opinion: str, findings: list[str]
) -> str:
    """Keep the statement's document and attest; the statement's id."""
    document = {
        "kind": "verification_statement",
        "report": checked.report,
        "opinion": opinion,
        "verified_grams": checked.grams,
        "findings": findings,
    }
    message = {
        "facility": one.facility,
        "period": story.timeline.period.text,
        "follows": checked.report,
        "verifier": VERIFIER,
        "opinion": opinion,
        "verified_grams": checked.grams,
        "document": story.upload_json(document, kind="audit", by=VERIFIER_PERSON.name),
    }
    statement = story.client.submit("Statement", message, key=story.key(VERIFIER_PERSON.name))
    story.heads[one.facility] = statement
    return statement
