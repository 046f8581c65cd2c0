"""What proves a report to somebody who trusts nobody: its signed acts, and one reading if wanted.

The acts of the figure are given from the report back to the first, each naming the one before.
A disclosed reading comes with its own salt and the hashes beside it, never with a seed or with
another reading (contracts.md, section 5; paths after RFC 9162, 2.1.3).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any, TypeAlias

from sqlalchemy import Connection, or_, select

from identity.identifier import parse_identifier
from identity.sealing import open_sealed
from ledger.emissions.deliveries import delivery_table
from ledger.errors import DoorRefusal
from ledger.evidence.documents import document_digests, get_document
from ledger.evidence.merkle import (
    SECONDS_PER_DAY,
    facility_leaves,
    leaf,
    leaf_hash,
    root,
    salt,
    sided_path,
)
from ledger.evidence.model import reading_month_table
from ledger.evidence.readings import MonthOfReadings, parse_month
from ledger.identifiers.acting import owner_of
from ledger.identifiers.queries import names_of
from ledger.outbox.queue import message_of, submission
from ledger.period import Period
from ledger.store.chain_log import act_by_id
from ledger.store.rows import Row, every_row

_ACTS_MAX = 1_000
_COMBINATIONS_MAX = 10_000  # of what is held of a month: which of it does the root commit to?


@dataclass(eq=False)
class ProofUnavailable(DoorRefusal):
    """Something that the proof needs is not held here: `missing` says what.

    It is act (brought by another service), evidence (its root is not that of what is held) or
    reading (no such meter and stamp in the report's evidence).
    """

    missing: str


@dataclass(frozen=True, slots=True)
class ChainedAct:
    """One act of a figure as it was signed, and by which key; the message has Solidity's names."""

    type: str
    message: Mapping[str, Any]
    signature: bytes
    key: bytes


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
    ways: tuple[Way, Way, Way]


def figure_chain(reading: Connection, report: bytes) -> list[ChainedAct]:
    """The acts of a report's figure, from the report to the first; raises ProofUnavailable."""
    acts: list[ChainedAct] = []
    wanted = report
    while any(wanted):
        if len(acts) == _ACTS_MAX:
            raise ProofUnavailable("act")
        acts.append(_signed_act(reading, wanted))
        wanted = acts[-1].message["follows"]
    return acts


def _signed_act(reading: Connection, act_id: bytes) -> ChainedAct:
    """The act with the signature that the chain took: two persons may have signed the same."""
    row, recorded = submission(reading, act_id), act_by_id(reading, act_id)
    if row is None or recorded is None or row["key"] != recorded["key"]:
        raise ProofUnavailable("act")
    return ChainedAct(row["type"], message_of(row), row["signature"], row["key"])


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
    found = committed(reading, anchored.message)
    name = next((name for name, row in found.months.items() if row["meter"] == meter), None)
    if name is None:
        raise ProofUnavailable("reading")
    return _disclosed(reading, found, name, stamp=stamp, sealing_key=sealing_key)


def _month_of(stamp: str) -> int:
    """The month yyyymm of a stamp in local time; raises ProofUnavailable for no stamp."""
    year, month = stamp[:4], stamp[5:7]
    if not (year.isascii() and year.isdigit() and month.isascii() and month.isdigit()):
        raise ProofUnavailable("reading")
    return int(year) * 100 + int(month)


@dataclass(frozen=True, slots=True)
class Committed:
    """What a facility's root commits to: months by their meter's name, 32-byte digests."""

    months: Mapping[str, Row]
    digests: Sequence[bytes]

    @property
    def leaves(self) -> list[bytes]:
        """The hashes of the facility tree's leaves, in order."""
        roots = {name: row["root"] for name, row in self.months.items()}
        return facility_leaves(roots, self.digests)


def committed(reading: Connection, evidence: Mapping[str, Any]) -> Committed:
    """What the anchored root commits to, found among what is held of the facility's month.

    `evidence` is its message or event: only the root and the count of leaves. Raises
    ProofUnavailable.
    """
    facility, month = evidence["facility"], evidence["month"]
    uploads = _uploads(reading, facility, month)
    digests = _digests(reading, owner_of(reading, facility), month)
    held = _combinations(uploads, digests, leaves=evidence["leaves"])
    for candidate in islice(held, _COMBINATIONS_MAX):
        if root(candidate.leaves) == evidence["root"]:
            return candidate
    raise ProofUnavailable("evidence")


def _combinations(
    uploads: Mapping[str, list[Row]], digests: Sequence[bytes], *, leaves: int
) -> Iterator[Committed]:
    """Every choice of that many leaves, likely ones first.

    Newest uploads of every meter come first, a meter left out and the later digests last.
    """
    choices = product(*([*rows, None] for rows in uploads.values()))
    for chosen in islice(choices, _COMBINATIONS_MAX):
        months = {name: row for name, row in zip(uploads, chosen, strict=True) if row is not None}
        beside = leaves - sum(row["leaves"] for row in months.values())
        if months and beside >= 0:
            for some in combinations(digests, beside):
                yield Committed(months, some)


def _uploads(reading: Connection, facility: bytes, month: int) -> dict[str, list[Row]]:
    """The uploads of a facility's month by their meter's name, newest first."""
    table = reading_month_table
    mine = (table.c.facility == facility) & (table.c.period == month)
    rows = every_row(reading, select(table).where(mine).order_by(table.c.seq.desc()))
    names = names_of(reading, {row["meter"] for row in rows})
    uploads: dict[str, list[Row]] = {}
    for row in rows:
        uploads.setdefault(names[row["meter"]], []).append(row)
    return uploads


def _digests(reading: Connection, enterprise: bytes, month: int) -> list[bytes]:
    """What may stand in a month beside readings: its deliveries, the enterprise's documents."""
    table = delivery_table
    mine = or_(table.c.supplier == enterprise, table.c.consumer == enterprise)
    delivered = select(table.c.id).where(mine, table.c.month == month).order_by(table.c.seq)
    return [*reading.scalars(delivered), *document_digests(reading, enterprise)]


def _disclosed(
    reading: Connection, found: Committed, name: str, *, stamp: str, sealing_key: bytes
) -> DisclosedReading:
    row = found.months[name]
    content = get_document(reading, row["document"])["content"]
    month = parse_month(content, period=Period(row["period"]), step_seconds=row["step_seconds"])
    if stamp not in month.stamps:
        raise ProofUnavailable("reading")
    index = month.stamps.index(stamp)
    seed = open_sealed(sealing_key, row["salt_seed"], context=row["meter"])
    day, place = divmod(index, SECONDS_PER_DAY // month.step_seconds)
    days = [leaf_hash(one) for one in _split(row["day_roots"])]
    return DisclosedReading(
        meter=name,
        stamp=stamp,
        quantity=month.quantities[index],
        unit=row["unit"],
        salt=salt(seed, index),
        ways=(
            sided_path(_day_leaves(month, day, meter=name, unit=row["unit"], seed=seed), place),
            sided_path(days, day),
            sided_path(found.leaves, sorted(found.months).index(name)),
        ),
    )


def _day_leaves(
    month: MonthOfReadings, day: int, *, meter: str, unit: str, seed: bytes
) -> list[bytes]:
    """The hashes of a day's leaves; `day` counts from 0."""
    per_day = SECONDS_PER_DAY // month.step_seconds
    return [
        leaf_hash(
            leaf(
                salt(seed, number),
                meter=meter,
                stamp=month.stamps[number],
                quantity=month.quantities[number],
                unit=unit,
            )
        )
        for number in range(day * per_day, (day + 1) * per_day)
    ]


def _split(roots: bytes) -> list[bytes]:
    return [roots[start : start + 32] for start in range(0, len(roots), 32)]


def meter_hash(name: str) -> bytes:
    """The 32 bytes of a meter's identifier; raises IdentifierMalformed."""
    return parse_identifier(name, allow_prefix=False).hash
