"""A facility's month of evidence, computed offline: the same files and seeds give the same root.

What the root commits to: contracts.md, section 5; the code is that of the service.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ledger.evidence.merkle import MonthTree, facility_root, month_tree
from ledger.evidence.readings import MonthOfReadings, parse_month
from ledger.period import Period


@dataclass(frozen=True)
class MeterMonth:
    """One meter's month as it is uploaded: the bytes of its file and what they are read with.

    `meter` is the full identifier, `seed` the 32 bytes that its salts come from, `unit` and
    `step_seconds` those of the meter's record. Raises ReadingsMalformed when its tree is asked.
    """

    meter: str
    period: Period
    unit: str
    step_seconds: int
    seed: bytes
    content: bytes

    @cached_property
    def readings(self) -> MonthOfReadings:
        return parse_month(self.content, period=self.period, step_seconds=self.step_seconds)

    @cached_property
    def tree(self) -> MonthTree:
        return month_tree(self.readings, meter=self.meter, unit=self.unit, seed=self.seed)

    @property
    def digest(self) -> bytes:
        """The 32 bytes that name the upload."""
        return hashlib.sha256(self.content).digest()

    def __repr__(self) -> str:
        return f"MeterMonth({self.meter}, {self.period.text}, ...)"


@dataclass(frozen=True, slots=True)
class FacilityMonth:
    """What one facility anchors for one month; digests of documents and deliveries, 32 bytes."""

    facility: str
    period: Period
    meters: tuple[MeterMonth, ...]
    digests: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The 32-byte root that Evidence names; raises TreeEmpty."""
        return facility_root({one.meter: one.tree.root for one in self.meters}, self.digests)

    @property
    def leaves(self) -> int:
        return sum(one.tree.leaves for one in self.meters) + len(self.digests)


def document_digests(contents: Sequence[bytes]) -> tuple[bytes, ...]:
    """The digests that name documents."""
    return tuple(hashlib.sha256(content).digest() for content in contents)
