"""A park's year by month: gross, internal deliveries, net, forecast against the held quota.

Energy passed inside the park stands in the consumer's scope 2 and in the supplier's scope 1;
the park takes it out once (GHG Protocol consolidation; GB/T 32150 boundary rules).
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection

from ledger.carbon import GRAMS_PER_TONNE, rounded_grams, tonnes_from_grams
from ledger.chain.bindings import INSTRUMENTS, KINDS
from ledger.emissions.deliveries import delivered_megajoules
from ledger.emissions.queries import standing_confirmations
from ledger.evidence.months import current_months, quantities_by_month
from ledger.identifiers.queries import subjects
from ledger.quotas.queries import held_tonnes
from ledger.rules.loader import RulePack, grams_by_category
from ledger.store.rows import Row

_MEGAJOULES_PER_GIGAJOULE = 1000
MONTHS = 12


@dataclass(frozen=True, slots=True)
class ParkMonth:
    """One month of the park in grams; the forecast is for the whole year, gross."""

    month: int
    direct_grams: int
    indirect_grams: int
    internal_grams: int
    net_grams: int
    forecast_grams: int


@dataclass(frozen=True, slots=True)
class ParkYear:
    """One year of the park: confirmed tonnes, what is netted, months and their warnings."""

    year: int
    gross_tonnes: int
    internal_tonnes: int
    net_tonnes: int
    held_tonnes: int
    enterprise_scope_2_grams: int
    park_scope_2_grams: int
    internal_grams: int
    peak_month: int | None
    warning_month: int | None
    months: tuple[ParkMonth, ...]
    shown_quantities: dict[str, str]


def park_year(reading: Connection, park: bytes, *, year: int, pack: RulePack) -> ParkYear:
    """The inventory of a park's enterprises for a year, from confirmed figures and readings."""
    enterprises = _enterprises(reading, park)
    facilities = _facilities(reading, enterprises)
    confirmed = standing_confirmations(reading, accounts=enterprises, year=year)
    gross = sum(row["tonnes"] for row in confirmed)
    rows = current_months(reading, facilities=facilities, year=year)
    quantities = quantities_by_month(rows)
    delivered = delivered_megajoules(reading, participants=enterprises, year=year)
    months = _months(_facility_months(rows, facilities), delivered, pack)
    internal_grams = rounded_grams(_delivered_grams(_total(delivered), pack))
    internal = tonnes_from_grams(internal_grams)
    asset = INSTRUMENTS["PARK"] << 56 | year << 40
    held = held_tonnes(reading, accounts=enterprises, asset=asset)
    scope_2 = sum(month.indirect_grams for month in months)
    return ParkYear(
        year=year,
        gross_tonnes=gross,
        internal_tonnes=internal,
        net_tonnes=gross - internal,
        held_tonnes=held,
        enterprise_scope_2_grams=scope_2,
        park_scope_2_grams=scope_2 - internal_grams,
        internal_grams=internal_grams,
        peak_month=_peak(months),
        warning_month=_warning(months, held),
        months=months,
        shown_quantities=_shown(quantities, pack),
    )


def _enterprises(reading: Connection, park: bytes) -> list[bytes]:
    """The enterprises directly below the prefixes that the park holds."""
    return [
        row["hash"]
        for prefix in subjects(reading, owner=park, kind=KINDS["PREFIX"])
        for row in subjects(reading, parent=prefix["hash"], kind=KINDS["ENTERPRISE"])
    ]


def _facilities(reading: Connection, enterprises: list[bytes]) -> list[bytes]:
    return [
        row["hash"]
        for enterprise in enterprises
        for row in subjects(reading, owner=enterprise, kind=KINDS["FACILITY"])
    ]


def _facility_months(
    rows: list[Row], facilities: list[bytes]
) -> dict[int, list[dict[str, Decimal]]]:
    """By month (yyyymm) the quantities by carrier of each facility, as each reports them."""
    months: dict[int, list[dict[str, Decimal]]] = {}
    for facility in facilities:
        own = quantities_by_month([row for row in rows if row["facility"] == facility])
        for month, quantities in own.items():
            months.setdefault(month, []).append(quantities)
    return months


def _months(
    quantities: dict[int, list[dict[str, Decimal]]],
    delivered: dict[int, dict[str, int]],
    pack: RulePack,
) -> tuple[ParkMonth, ...]:
    """Grams are rounded for each facility, so that the park's are the sum of the reported."""
    months: list[ParkMonth] = []
    so_far = 0
    for period in sorted(quantities):
        grams = [grams_by_category(pack, facility) for facility in quantities[period]]
        direct = sum(one["direct"] for one in grams)
        indirect = sum(one["indirect"] for one in grams)
        internal = rounded_grams(_delivered_grams(delivered.get(period, {}), pack))
        so_far += direct + indirect
        months.append(
            ParkMonth(
                month=period,
                direct_grams=direct,
                indirect_grams=indirect,
                internal_grams=internal,
                net_grams=direct + indirect - internal,
                forecast_grams=rounded_grams(Fraction(so_far * MONTHS, period % 100)),
            )
        )
    return tuple(months)


def _delivered_grams(megajoules: dict[str, int], pack: RulePack) -> Fraction:
    """What the consumers counted for it: the consumer's factor, exact."""
    return sum(
        (
            Fraction(amount, _MEGAJOULES_PER_GIGAJOULE) * pack.carrier(carrier).grams_per_unit
            for carrier, amount in megajoules.items()
        ),
        Fraction(0),
    )


def _total(delivered: dict[int, dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for carriers in delivered.values():
        for carrier, amount in carriers.items():
            total[carrier] = total.get(carrier, 0) + amount
    return total


def _peak(months: tuple[ParkMonth, ...]) -> int | None:
    """The first of the months with the greatest net."""
    return max(months, key=lambda month: month.net_grams).month if months else None


def _warning(months: tuple[ParkMonth, ...], held: int) -> int | None:
    """The first month after which the forecast exceeds what all hold."""
    over = (month.month for month in months if month.forecast_grams > held * GRAMS_PER_TONNE)
    return next(over, None)


def _shown(quantities: dict[int, dict[str, Decimal]], pack: RulePack) -> dict[str, str]:
    """Quantities that count for nothing but are shown, such as own solar power."""
    shown: dict[str, Any] = {}
    for carriers in quantities.values():
        for carrier, amount in carriers.items():
            if pack.carrier(carrier).category == "shown":
                shown[carrier] = shown.get(carrier, Decimal(0)) + amount
    return {carrier: format(amount, "f") for carrier, amount in shown.items()}
