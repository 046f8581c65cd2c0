"""A park's year on small invented figures: gross, internal, net, forecast, peak and warning."""

from collections.abc import Iterator, Mapping
from itertools import count

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import Engine

from identity.identifier import parse_identifier
from ledger.carbon import GRAMS_PER_TONNE
from ledger.chain.bindings import STAGES
from ledger.emissions.deliveries import delivery_table
from ledger.emissions.model import head_table
from ledger.evidence.model import reading_month_table
from ledger.park.inventory import ParkYear, park_year
from ledger.quotas.asset import parse_asset
from ledger.quotas.model import holding_table
from ledger.rules.loader import load_rule_pack
from ledger.store.chain_log import act_table
from ledger.store.draft import Draft
from ledger.store.facts import FACTS
from ledger.store.sqlite import open_mirror
from tests.ledger.played import Opened

YEAR = 2030  # nothing of it was played
PACK = load_rule_pack("park-2023")
PARK = parse_identifier("88/PARK.0001").hash
ENTERPRISES = [parse_identifier(f"88.111/ENT.000{number}").hash for number in (1, 2)]
FACILITIES = [parse_identifier(f"88.111.{number}/FAC.0001").hash for number in (1, 2)]
OUTSIDE = parse_identifier("88/VER.0001").hash
BLOCK = 1_000


class Invented:
    """Rows of a year as if they had been uploaded, delivered, confirmed and held."""

    def __init__(self, ledger: Opened, mirror: Engine) -> None:
        self._ledger, self._mirror = ledger, mirror
        self._numbers = count(10_000)

    def _bytes(self) -> bytes:
        return next(self._numbers).to_bytes(32, "big")

    def read(
        self, month: int, quantity: str, *, carrier: str = "electricity", facility: int = 0
    ) -> None:
        """One meter's month of one of the two facilities; again: a newer upload."""
        row = {
            "meter": f"{carrier}{facility}".ljust(32).encode(),
            "facility": FACILITIES[facility],
            "period": YEAR * 100 + month,
            "carrier": carrier,
            "unit": PACK.carrier(carrier).unit,
            "quantity": quantity,
            "leaves": 1,
            "step_seconds": 3600,
            "first_at": 0,
            "last_at": 0,
            "document": bytes(32),
            "root": self._bytes(),
            "day_roots": b"",
            "salt_seed": b"",
        }
        with self._ledger.store.keeping() as connection:
            connection.execute(insert(reading_month_table).values(created_at=0, **row))

    def deliver(
        self,
        month: int,
        megajoules: int,
        *,
        supplier: bytes = ENTERPRISES[1],
        consumer: bytes = ENTERPRISES[0],
    ) -> None:
        """Steam from the second enterprise to the first."""
        row = {
            "id": self._bytes(),
            "supplier": supplier,
            "consumer": consumer,
            "month": YEAR * 100 + month,
            "carrier": "steam",
            "megajoules": megajoules,
            "salt": bytes(32),
            "deadline": 0,
            "signature": bytes(65),
            "countersignature": bytes(65),
            "created_at": 0,
        }
        with self._ledger.store.keeping() as connection:
            connection.execute(insert(delivery_table).values(**row))

    def confirm(self, tonnes: int, *, facility: int, stands: bool = True) -> None:
        """A confirmation, and whether the figure's head still shows it."""
        confirmation, period = self._bytes(), YEAR * 100
        fact = {
            "id": confirmation,
            "facility": FACILITIES[facility],
            "period": period,
            "enterprise": ENTERPRISES[facility],
            "follows": bytes(32),
            "authority": bytes(32),
            "account": ENTERPRISES[facility],
            "tonnes": tonnes,
            "key": bytes(20),
            "deadline": 0,
        }
        head = {
            "id": confirmation,
            "stage": STAGES["CONFIRMED"],
            "confirmation": confirmation if stands else None,
        }
        key = {"facility": FACILITIES[facility], "period": period}
        with self._mirror.begin() as connection:
            row = {"seq": next(self._numbers), "block": BLOCK}
            connection.execute(insert(FACTS["FigureConfirmed"]).values(**row, **fact))
            act = {"id": confirmation, "type": "Confirmation", "actor": bytes(32)}
            connection.execute(insert(act_table).values(**row, **act, key=bytes(20), deadline=0))
            draft = Draft(connection, {})
            draft.put(head_table, key=key, values=head, block=BLOCK)
            draft.write()

    def hold(self, **tonnes: int) -> None:
        """What the first enterprise holds, by bucket."""
        key = {"account": ENTERPRISES[0], "asset": parse_asset(f"PARK-{YEAR}")}
        values = {f"{bucket}_tonnes": amount for bucket, amount in tonnes.items()}
        with self._mirror.begin() as connection:
            draft = Draft(connection, {})
            draft.put(holding_table, key=key, values=values, block=BLOCK)
            draft.write()

    def year(self) -> ParkYear:
        with self._ledger.store.reading() as reading:
            return park_year(reading, PARK, year=YEAR, pack=PACK)


@pytest.fixture
def invented(copy: Opened) -> Iterator[Invented]:
    mirror = open_mirror(copy.mirror)
    yield Invented(copy, mirror)
    mirror.dispose()


def by_month(year: ParkYear, name: str) -> Mapping[int, int]:
    return {month.month % 100: getattr(month, name) for month in year.months}


def test_sum_year_gives_zeros_when_nothing_happened(invented: Invented) -> None:
    year = invented.year()
    assert (year.gross_tonnes, year.internal_tonnes, year.net_tonnes) == (0, 0, 0)
    assert (year.months, year.peak_month, year.warning_month) == ((), None, None)


def test_sum_year_adds_confirmed_tonnes_when_confirmations_stand(invented: Invented) -> None:
    invented.confirm(100, facility=0)
    invented.confirm(31, facility=1)
    assert invented.year().gross_tonnes == 131


def test_sum_year_leaves_a_confirmation_out_when_it_was_reopened(invented: Invented) -> None:
    invented.confirm(100, facility=0)
    invented.confirm(31, facility=1, stands=False)
    assert invented.year().gross_tonnes == 100


@pytest.mark.parametrize(
    ("monthly_megajoules", "tonnes"),
    [
        ((), 0),
        ((4_545,), 0),  # 499,950 g
        ((4_546,), 1),  # 500,060 g
        ((2_273, 2_273), 1),  # twice 250,030 g: rounded by month it would be nothing
        ((5_000, 5_000, 5_000), 2),  # 1,650,000 g: rounded by month it would be three
        ((9_091,) * 12, 12),
    ],
)
def test_sum_year_rounds_internal_once_when_many_months_delivered(
    invented: Invented, monthly_megajoules: tuple[int, ...], tonnes: int
) -> None:
    invented.confirm(100, facility=0)
    for month, megajoules in enumerate(monthly_megajoules, start=1):
        invented.deliver(month, megajoules)
    year = invented.year()
    assert year.internal_grams == 110 * sum(monthly_megajoules)
    assert (year.internal_tonnes, year.net_tonnes) == (tonnes, 100 - tonnes)


@pytest.mark.parametrize("side", ["supplier", "consumer"])
def test_sum_year_nets_no_delivery_when_one_side_is_outside_the_park(
    invented: Invented, side: str
) -> None:
    invented.deliver(1, 1_000_000, **{side: OUTSIDE})
    assert invented.year().internal_grams == 0


def test_sum_months_nets_each_month_when_steam_was_delivered(invented: Invented) -> None:
    for month in (1, 2):
        invented.read(month, "1000")
        invented.read(month, "10", carrier="steam", facility=0)
    invented.deliver(2, 10_000)
    year = invented.year()
    assert by_month(year, "indirect_grams") == {1: 1_630_600, 2: 1_630_600}
    assert by_month(year, "internal_grams") == {1: 0, 2: 1_100_000}
    assert by_month(year, "net_grams") == {1: 1_630_600, 2: 530_600}


def test_sum_months_puts_park_scope_2_below_the_enterprises_when_steam_was_delivered(
    invented: Invented,
) -> None:
    invented.read(1, "1000", facility=0)
    invented.read(1, "10", carrier="steam", facility=0)
    invented.read(1, "500", facility=1)
    invented.deliver(1, 10_000)
    year = invented.year()
    assert year.enterprise_scope_2_grams == 530_600 + 1_100_000 + 265_300
    assert year.park_scope_2_grams == year.enterprise_scope_2_grams - 1_100_000


def test_sum_months_counts_fuel_as_direct_when_gas_was_burnt(invented: Invented) -> None:
    invented.read(1, "10000", carrier="natural_gas")
    exact = 389.310 * 0.01532 * 0.99 * 44 / 12 * 1e6
    (month,) = invented.year().months
    assert (month.direct_grams, month.indirect_grams) == (round(exact), 0)


def test_sum_months_counts_the_newest_upload_when_a_month_came_twice(invented: Invented) -> None:
    invented.read(1, "1000")
    invented.read(1, "2000")
    assert by_month(invented.year(), "indirect_grams") == {1: 1_061_200}


def test_sum_months_rounds_each_facility_as_it_reports_when_halves_meet(
    invented: Invented,
) -> None:
    for facility in (0, 1):
        invented.read(1, "0.00095", facility=facility)  # 0.50407 g
    assert by_month(invented.year(), "indirect_grams") == {1: 2}


def test_forecast_gives_the_year_so_far_times_twelve_by_m_when_months_differ(
    invented: Invented,
) -> None:
    for month, quantity in ((1, "1000"), (2, "3000"), (3, "0")):
        invented.read(month, quantity)
    assert by_month(invented.year(), "forecast_grams") == {
        1: 530_600 * 12,
        2: 530_600 * 4 * 6,
        3: 530_600 * 4 * 4,
    }


def test_forecast_rounds_half_up_when_twelve_by_m_is_no_integer(invented: Invented) -> None:
    invented.read(1, "0.0019")  # 1.008 g
    for month in range(2, 9):
        invented.read(month, "0")
    assert by_month(invented.year(), "forecast_grams")[8] == 2  # 1 g × 12 / 8


def test_name_peak_takes_net_not_gross_when_the_greatest_month_is_delivered_steam(
    invented: Invented,
) -> None:
    for month, steam in ((1, "0"), (2, "100"), (3, "1")):
        invented.read(month, steam, carrier="steam")
    invented.deliver(2, 99_500)
    year = invented.year()
    assert max(year.months, key=lambda month: month.indirect_grams).month == YEAR * 100 + 2
    assert year.peak_month == YEAR * 100 + 3


def test_name_peak_takes_the_first_when_two_months_are_equal(invented: Invented) -> None:
    for month, quantity in ((1, "5"), (2, "1000"), (3, "1000")):
        invented.read(month, quantity)
    assert invented.year().peak_month == YEAR * 100 + 2


def test_warn_names_the_first_month_when_its_forecast_exceeds_what_is_held(
    invented: Invented,
) -> None:
    for month, steam in ((1, "10"), (2, "20"), (3, "90"), (4, "10")):
        invented.read(month, steam, carrier="steam")  # 0.11 t each GJ
    invented.hold(available=20)
    year = invented.year()
    assert by_month(year, "forecast_grams") == {
        1: 13_200_000,
        2: 19_800_000,
        3: 52_800_000,
        4: 42_900_000,
    }
    assert (year.warning_month, year.held_tonnes) == (YEAR * 100 + 3, 20)


def test_warn_names_no_month_when_the_forecast_equals_what_is_held(invented: Invented) -> None:
    for month in range(1, 4):
        invented.read(month, "25", carrier="steam")  # 2.75 t, 33 t a year
    invented.hold(available=33)
    year = invented.year()
    assert set(by_month(year, "forecast_grams").values()) == {33 * GRAMS_PER_TONNE}
    assert year.warning_month is None


def test_warn_counts_every_bucket_when_quota_was_offered_or_spent(invented: Invented) -> None:
    invented.read(1, "25", carrier="steam")
    invented.hold(available=10, trading=5, pending=5, frozen=5, spent=8)
    year = invented.year()
    assert (year.held_tonnes, year.warning_month) == (33, None)


def test_show_pv_changes_no_gram_when_it_was_generated(invented: Invented) -> None:
    invented.read(1, "1000")
    before = by_month(invented.year(), "net_grams")
    invented.read(1, "250.50", carrier="pv")
    year = invented.year()
    assert by_month(year, "net_grams") == before == {1: 530_600}
    assert year.shown_quantities == {"pv": "250.50"}
