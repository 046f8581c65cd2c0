"""Each month: readings kept, deliveries signed by both sides, roots computed and anchored."""

from dataclasses import dataclass
from decimal import Decimal
from secrets import token_bytes

from api.client.evidence import MeterMonth
from api.fields import hex_text
from ledger.evidence.merkle import facility_root
from ledger.evidence.readings import month_csv
from ledger.period import Period
from scripts.park_year.cast import (
    CHEMICALS,
    ELECTRONICS,
    ENTERPRISES,
    STEAM,
    Enterprise,
    Meter,
    enterprise,
)
from scripts.park_year.story import Story

_MEGAJOULES_PER_GIGAJOULE = 1000


@dataclass(frozen=True, slots=True)
class MeterEvidence:
    """One meter's month as it was kept: digest of the readings, root and count of leaves."""

    meter: str
    carrier: str
    unit: str
    quantity: Decimal
    document: str
    root: bytes
    leaves: int


@dataclass(frozen=True, slots=True)
class MonthEvidence:
    """One facility's month as it was anchored; deliveries by act id in hex."""

    month: Period
    meters: tuple[MeterEvidence, ...]
    deliveries: tuple[str, ...]
    root: bytes

    @property
    def leaves(self) -> int:
        return sum(meter.leaves for meter in self.meters) + len(self.deliveries)


YearEvidence = dict[str, list[MonthEvidence]]
"""Twelve months by the enterprise's name."""


def anchor_year(story: Story) -> YearEvidence:
    """Play the twelve months; every month is final before the next begins."""
    year: YearEvidence = {one.name: [] for one in ENTERPRISES}
    for month in story.timeline.months:
        story.time.move_to(story.timeline.evidence(month))
        delivery = _deliver_steam(story, month)
        for one in ENTERPRISES:
            deliveries = (delivery,) if one.name in (CHEMICALS, ELECTRONICS) else ()
            year[one.name].append(_anchor(story, one, month=month, deliveries=deliveries))
        story.client.settle()
        story.tell("progress.month", month=month.text)
    return year


def _deliver_steam(story: Story, month: Period) -> str:
    """What the steam meter read, signed by who sent it and by who took it; its id in hex."""
    consumer = enterprise(ELECTRONICS)
    meter = next(one for one in consumer.meters if one.carrier == STEAM)
    readings = story.readings.month(consumer.meter_name(meter), month.number % 100)
    message = {
        "supplier": enterprise(CHEMICALS).identifier,
        "consumer": consumer.identifier,
        "month": month.text,
        "carrier": STEAM,
        "megajoules": int(readings.total * _MEGAJOULES_PER_GIGAJOULE),
        "salt": hex_text(token_bytes(32)),
    }
    return story.client.submit(
        "Delivery", message, key=story.key(CHEMICALS), second_key=story.key(ELECTRONICS)
    )


def _anchor(
    story: Story, one: Enterprise, *, month: Period, deliveries: tuple[str, ...]
) -> MonthEvidence:
    meters = tuple(_keep_readings(story, one, meter, month) for meter in one.meters)
    digests = [bytes.fromhex(delivery[2:]) for delivery in deliveries]
    root = facility_root({meter.meter: meter.root for meter in meters}, digests)
    evidence = MonthEvidence(month, meters, deliveries, root)
    message = {
        "facility": one.facility,
        "period": story.timeline.period.text,
        "follows": story.heads.get(one.facility),
        "month": month.text,
        "root": hex_text(root),
        "leaves": evidence.leaves,
    }
    story.heads[one.facility] = story.client.submit("Evidence", message, key=story.key(one.name))
    return evidence


def _keep_readings(story: Story, one: Enterprise, meter: Meter, month: Period) -> MeterEvidence:
    """Upload a meter's month; the client computes its root and compares the answer's."""
    name = one.meter_name(meter)
    readings = story.readings.month(name, month.number % 100)
    kept = MeterMonth(
        meter=name,
        period=month,
        unit=meter.unit,
        step_seconds=readings.step_seconds,
        seed=story.secrets.seeds[name, month.text],
        content=month_csv(readings),
    )
    return MeterEvidence(
        meter=name,
        carrier=meter.carrier,
        unit=meter.unit,
        quantity=readings.total,
        document=story.client.upload_readings(kept, by=one.name),
        root=kept.tree.root,
        leaves=kept.tree.leaves,
    )
