"""The chemical works' slip: one month's electricity a thousand times too large, nothing else."""

from decimal import Decimal

from ledger.period import Period, months_of
from ledger.rules.loader import load_rule_pack
from scripts.park_year.cast import ELECTRICITY, GAS, RULE_PACK
from scripts.park_year.monthly import MeterEvidence, MonthEvidence
from scripts.park_year.reports import SLIPPED_MONTH, figures_of, slipped


def _month(period: Period) -> MonthEvidence:
    def meter(carrier: str, unit: str, quantity: str) -> MeterEvidence:
        return MeterEvidence(
            meter=f"88.111.2/MTR.{carrier.upper()}",
            carrier=carrier,
            unit=unit,
            quantity=Decimal(quantity),
            document="0x" + "11" * 32,
            root=bytes(32),
            leaves=1,
        )

    meters = (meter(ELECTRICITY, "kWh", "1000.50"), meter(GAS, "Nm3", "100"))
    return MonthEvidence(period, meters, ("0x" + "22" * 32,), bytes(32))


MONTHS = [_month(period) for period in months_of(2023)]


def test_slip_unit_multiplies_one_month_when_the_rest_stays() -> None:
    wrong = slipped(MONTHS)
    changed = [index for index in range(12) if wrong[index] != MONTHS[index]]
    assert changed == [SLIPPED_MONTH - 1]
    quantities = [meter.quantity for meter in wrong[SLIPPED_MONTH - 1].meters]
    assert quantities == [Decimal("1000500.00"), Decimal(100)]


def test_compute_figures_rounds_each_month_half_up_when_grams_have_a_fraction() -> None:
    pack = load_rule_pack(RULE_PACK)
    figures = figures_of(MONTHS, pack)
    # 1000.50 kWh x 530.6 g = 530,865.3 g; 100 Nm3 x 2,165.0244... g = 216,502.4 g
    assert {(month.direct_grams, month.indirect_grams) for month in figures} == {(216502, 530865)}


def test_count_leaves_includes_the_delivery_when_a_month_has_one() -> None:
    assert MONTHS[0].leaves == 2 + 1
