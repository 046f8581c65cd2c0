"""Rule packs: typed access to one dated, sourced JSON file, and the hash that names it.

A pack is part of the software: a broken one is our mistake and asserts. An unknown name or
carrier comes from outside and is refused.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import rfc8785

from ledger.carbon import rounded_grams
from ledger.errors import DoorRefusal, FieldInvalid
from ledger.period import park_midnight
from ledger.strict_json import parse_strict

PARK_RULES = "park-2023"  # the one pack of this version

Category = Literal["direct", "indirect", "shown"]
CATEGORIES: tuple[Category, ...] = ("direct", "indirect", "shown")

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VALUE = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+|/[1-9][0-9]*)?")
_PACK_BYTES_MAX = 2**20
_ROUNDING = {  # the one way the code rounds; a pack that says otherwise is not this code's
    "mode": "half_up",
    "grams": "once per month and category",
    "year_grams": "sum of months",
    "tonnes": "once at confirmation",
    "internal_tonnes": "once from the delivered grams",
}


@dataclass(eq=False)
class RulePackUnknown(DoorRefusal):
    """No rule pack has this name."""

    name: str


@dataclass(eq=False)
class CarrierUnknown(DoorRefusal):
    """The rule pack has no factor for this carrier."""

    carrier: str
    offered: list[str]


@dataclass(frozen=True, slots=True)
class Term:
    """One factor of a product, with its unit and the key of its source."""

    name: str
    value: Fraction
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """What an activity in `unit` emits: the product of its terms, in grams per unit, exact."""

    category: Category
    unit: str
    terms: tuple[Term, ...]
    grams_per_unit: Fraction


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The first late moments of one compliance year, in unix seconds."""

    report_by: int
    verify_by: int
    surrender_by: int


@dataclass(frozen=True, slots=True)
class SurrenderWindow:
    """Which quota may be surrendered for one compliance year (fields as in Rule)."""

    instrument: str
    first_vintage: int
    last_vintage: int
    share_permyriad: int
    is_strict: bool


@dataclass(frozen=True, slots=True)
class RulePack:
    """One rule pack; `hash` is SHA-256 of its RFC 8785 bytes and names it in every act."""

    name: str
    title: str
    hash: bytes
    sources: Mapping[str, str]
    carriers: Mapping[str, Carrier]
    document: Mapping[str, Any]

    def carrier(self, name: str) -> Carrier:
        """Raises CarrierUnknown."""
        if name not in self.carriers:
            raise CarrierUnknown(name, sorted(self.carriers))
        return self.carriers[name]

    def deadlines(self, year: int) -> Deadlines:
        """The deadlines of a compliance year."""
        days = self.document["deadlines"]
        return Deadlines(
            report_by=_moment(days["report_by"], year),
            verify_by=_moment(days["verify_by"], year),
            surrender_by=_moment(days["surrender_by"], year),
        )

    def surrender_window(self, year: int) -> SurrenderWindow:
        """The surrender rule of a compliance year."""
        rule = self.document["surrender"]
        return SurrenderWindow(
            instrument=rule["instrument"],
            first_vintage=year + rule["first_vintage_years_after"],
            last_vintage=year + rule["last_vintage_years_after"],
            share_permyriad=rule["share_permyriad"],
            is_strict=rule["is_strict"],
        )


def require_carrier(pack: RulePack, name: str, *, unit: str) -> None:
    """Raises CarrierUnknown, and FieldInvalid for a unit that the carrier is not counted in."""
    if pack.carrier(name).unit != unit:
        raise FieldInvalid([{"pointer": "/unit", "rule": f"one_of:{pack.carrier(name).unit}"}])


@cache
def load_rule_pack(name: str) -> RulePack:
    """The rule pack of that name. Raises RulePackUnknown."""
    path = Path(__file__).parent / f"{name}.json"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise RulePackUnknown(name)
    document = parse_strict(path.read_bytes(), limit_bytes=_PACK_BYTES_MAX)
    assert document["name"] == name, "a rule pack is named as its file"
    assert document["rounding"] == _ROUNDING, "a rule pack rounds as the code does"
    sources = MappingProxyType(document["sources"])
    carriers = {key: _carrier(entry, sources) for key, entry in document["carriers"].items()}
    return RulePack(
        name=name,
        title=document["title"],
        hash=hashlib.sha256(rfc8785.dumps(document)).digest(),
        sources=sources,
        carriers=MappingProxyType(carriers),
        document=MappingProxyType(document),
    )


def rule_pack_of(pack_hash: bytes) -> RulePack:
    """The rule pack that a signed act names by its hash. Raises RulePackUnknown."""
    pack = load_rule_pack(PARK_RULES)
    if pack.hash != pack_hash:
        raise RulePackUnknown(f"0x{pack_hash.hex()}")
    return pack


def grams_by_category(pack: RulePack, quantities: Mapping[str, Decimal]) -> Mapping[Category, int]:
    """A month's grams per category from quantities by carrier, each category rounded once.

    All three categories are there, with 0 where nothing is. Raises CarrierUnknown,
    FigureTooLarge.
    """
    exact = dict.fromkeys(CATEGORIES, Fraction(0))
    for name, quantity in quantities.items():
        carrier = pack.carrier(name)
        exact[carrier.category] += Fraction(quantity) * carrier.grams_per_unit
    return {category: rounded_grams(amount) for category, amount in exact.items()}


def _carrier(entry: Mapping[str, Any], sources: Mapping[str, str]) -> Carrier:
    assert entry["category"] in CATEGORIES, "a carrier has one of the categories"
    terms = tuple(_term(term, sources) for term in entry["grams_per_unit"])
    product = Fraction(1)
    for term in terms:
        product *= term.value
    return Carrier(entry["category"], entry["unit"], terms, product)


def _term(entry: Mapping[str, str], sources: Mapping[str, str]) -> Term:
    assert entry["source"] in sources, "every factor has its source"
    assert _VALUE.fullmatch(entry["value"]), "a factor is a decimal or a ratio in a string"
    return Term(entry["name"], Fraction(entry["value"]), entry["unit"], entry["source"])


def _moment(day: Mapping[str, int], year: int) -> int:
    return park_midnight(year + day["years_after"], month=day["month"], day=day["day"])
