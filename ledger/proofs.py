"""What proves a report to somebody who trusts nobody: its signed acts, and one reading if wanted.

The acts of the figure are given from the report back to the first, each naming the one before.
A disclosed reading comes with its own salt and the hashes beside it, never with a seed or with
another reading (contracts.md, section 5; paths after RFC 9162, 2.1.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, islice, product
from typing import Any, TypeAlias

from sqlalchemy import Connection, or_, select

from identity.identifier import parse_identifier
from identity.sealing import open_sealed
from ledger.emissions.deliveries import delivery_table
from ledger.errors import DoorRefusal
from ledger.evidence.documents import get_document
from ledger.evidence.merkle import SECONDS_PER_DAY, facility_root, leaf, leaf_hash, salt, sided_path
from ledger.evidence.model import reading_month_table
from ledger.evidence.readings import MonthOfReadings, parse_month
from ledger.identifiers.acting import owner_of
from ledger.identifiers.queries import names_of
from ledger.outbox.queue import message_of, submission
from ledger.period import Period
from ledger.store.rows import Row, every_row

_ACTS_MAX = 1_000
_COMBINATIONS_MAX = 1_000  # of earlier and later uploads of each meter's month


@dataclass(eq=False)
class ProofUnavailable(DoorRefusal):
    """Something that the proof needs is not held here: `missing` says what.

    It is act (brought by another service), evidence (its root is not that of held readings) or
    reading (no such meter and stamp in the report's evidence).
    """

    missing: str


@dataclass(frozen=True, slots=True)
class ChainedAct:
    """One act of a figure as it was signed; the message has the Solidity names."""

    type: str
    message: Mapping[str, Any]
    signature: bytes


Way: TypeAlias = tuple[tuple[bool, bytes], ...]
"""From a leaf to its tree's root: each sibling's hash, and whether it stands left."""


@dataclass(frozen=True, slots=True)
class DisclosedReading:
    """One reading with its salt of 32 bytes, and its way up: in day, month and facility."""

    meter: str
    stamp: str
    quantity: str
    unit: str
    salt: bytes
    month: int
    ways: tuple[Way, Way, Way]


def figure_chain(reading: Connection, report: bytes) -> list[ChainedAct]:
    """The acts of a report's figure, from the report to the first; raises ProofUnavailable."""
    acts: list[ChainedAct] = []
    wanted = report
    while any(wanted):
        row = submission(reading, wanted)
        if row is None or len(acts) == _ACTS_MAX:
            raise ProofUnavailable("act")
        acts.append(ChainedAct(row["type"], message_of(row), row["signature"]))
        wanted = acts[-1].message["follows"]
    return acts


def disclose(
    reading: Connection, acts: list[ChainedAct], *, meter: bytes, stamp: str, sealing_key: bytes
) -> DisclosedReading:
    """One reading out of the evidence behind a report; raises ProofUnavailable."""
    month = _month_of(stamp)
    anchored = next(
        (act for act in acts if act.type == "Evidence" and act.message["month"] == month), None
    )
    if anchored is None:
        raise ProofUnavailable("reading")
    meters, digests = committed(reading, anchored)
    row = next((one for one in meters.values() if one["meter"] == meter), None)
    if row is None:
        raise ProofUnavailable("reading")
    return _disclosed(reading, row, meters, digests, stamp=stamp, sealing_key=sealing_key)


def _month_of(stamp: str) -> int:
    """The month yyyymm of a stamp in local time; raises ProofUnavailable for no stamp."""
    year, month = stamp[:4], stamp[5:7]
    if not (year.isascii() and year.isdigit() and month.isascii() and month.isdigit()):
        raise ProofUnavailable("reading")
    return int(year) * 100 + int(month)


def committed(
    reading: Connection, anchored: ChainedAct
) -> tuple[dict[str, Row], tuple[bytes, ...]]:
    """The months by their meter's name, and the digests, that the anchored root commits to.

    Raises ProofUnavailable. A meter may be left out: its readings may have come later.
    """
    facility, month = anchored.message["facility"], anchored.message["month"]
    table = reading_month_table
    mine = (table.c.facility == facility) & (table.c.period == month)
    rows = every_row(reading, select(table).where(mine).order_by(table.c.seq.desc()))
    names = names_of(reading, {row["meter"] for row in rows})
    versions: dict[str, list[Row]] = {}
    for row in rows:
        versions.setdefault(names[row["meter"]], []).append(row)
    delivered = _deliveries(reading, owner_of(reading, facility), month)
    choices = product(*([*months, None] for months in versions.values()))
    for chosen in islice(choices, _COMBINATIONS_MAX):
        meters = {name: row for name, row in zip(versions, chosen, strict=True) if row}
        for digests in ((), delivered):
            roots = {name: row["root"] for name, row in meters.items()}
            if meters and facility_root(roots, digests) == anchored.message["root"]:
                return meters, digests
    raise ProofUnavailable("evidence")


def _deliveries(reading: Connection, enterprise: bytes, month: int) -> tuple[bytes, ...]:
    table = delivery_table
    mine = or_(table.c.supplier == enterprise, table.c.consumer == enterprise)
    query = select(table.c.id).where(mine, table.c.month == month)
    return tuple(sorted(reading.scalars(query)))


def _disclosed(
    reading: Connection,
    row: Row,
    meters: Mapping[str, Row],
    digests: tuple[bytes, ...],
    *,
    stamp: str,
    sealing_key: bytes,
) -> DisclosedReading:
    name = next(name for name, one in meters.items() if one is row)
    period, step_seconds = Period(row["period"]), row["step_seconds"]
    content = get_document(reading, row["document"])["content"]
    month = parse_month(content, period=period, step_seconds=step_seconds)
    if stamp not in month.stamps:
        raise ProofUnavailable("reading")
    seed = open_sealed(sealing_key, row["salt_seed"], context=row["meter"])
    index = month.stamps.index(stamp)
    per_day = SECONDS_PER_DAY // step_seconds
    first = index - index % per_day
    day = [
        leaf_hash(_leaf(month, number, meter=name, unit=row["unit"], seed=seed))
        for number in range(first, min(first + per_day, len(month.stamps)))
    ]
    days = [leaf_hash(root) for root in _split(row["day_roots"])]
    ordered = [meters[one]["root"] for one in sorted(meters)]
    leaves = [leaf_hash(entry) for entry in chain(ordered, digests)]
    return DisclosedReading(
        meter=name,
        stamp=stamp,
        quantity=month.quantities[index],
        unit=row["unit"],
        salt=salt(seed, index),
        month=row["period"],
        ways=(
            sided_path(day, index - first),
            sided_path(days, first // per_day),
            sided_path(leaves, sorted(meters).index(name)),
        ),
    )


def _leaf(month: MonthOfReadings, number: int, *, meter: str, unit: str, seed: bytes) -> bytes:
    stamp, quantity = month.stamps[number], month.quantities[number]
    return leaf(salt(seed, number), meter=meter, stamp=stamp, quantity=quantity, unit=unit)


def _split(roots: bytes) -> list[bytes]:
    return [roots[start : start + 32] for start in range(0, len(roots), 32)]


def meter_hash(name: str) -> bytes:
    """The 32 bytes of a meter's identifier; raises IdentifierMalformed."""
    return parse_identifier(name, allow_prefix=False).hash
