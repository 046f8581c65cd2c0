"""A year on meter readings, small enough for every run: wrong report, finding, right report."""

from dataclasses import dataclass, replace

from api.fields import hex_text
from ledger.evidence.readings import MonthOfReadings, month_csv
from ledger.rules.loader import PARK_RULES, grams_by_category, load_rule_pack
from scripts.park_year.cast import ELECTRICITY, STEEL
from scripts.park_year.generation import SHAPES, generated_months
from tests.api.next_messages import delivery, finding
from tests.park import (
    YEAR,
    Park,
    confirmation,
    evidence,
    issue_quota,
    report,
    settle_in,
    statement,
    surrender,
)

METER = "88.111.1/MTR.0001"
# The steel works' year by the hour, some tonnes above the thousand that were allocated.
_SHAPE = replace(SHAPES[STEEL, ELECTRICITY], step_seconds=3600, quantity=1_930_000)
_SURRENDERED_TONNES = 900
_SEED = "0x" + "5e" * 32
_REPORTING = "2024-03-01T00:00:00Z"
_LAST_MOMENT = "2025-01-02T00:00:00Z"  # after the deadline of the year
_SLIP = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """The ids of the two reports, and what the readings give in grams."""

    wrong: str
    right: str
    grams: int


def tell(park: Park) -> Told:
    """A year read, a report a thousand times too large, one to the gram; short in the end."""
    settle_in(park)
    issue_quota(park)
    grams = sum(_read(park, month) for month in generated_months(_SHAPE, year=YEAR))
    _deliver(park)
    park.set_time(_REPORTING)
    anchored = park.act("Evidence", evidence(), signer="enterprise 1")
    wrong = _report(park, grams * _SLIP, follows=anchored)
    park.post("Finding", park.envelope("Finding", finding(wrong), signer="verifier"), wait=False)
    refused = _attest(park, wrong, grams=grams, opinion="negative")
    right = _report(park, grams, follows=refused)
    attested = _attest(park, right, grams=grams, opinion="positive")
    tonnes = (grams + 500_000) // 1_000_000
    park.act("Confirmation", confirmation(attested, tonnes=tonnes), signer="regulator")
    park.act("Surrender", surrender(tonnes=_SURRENDERED_TONNES), signer="enterprise 1")
    park.set_time(_LAST_MOMENT)
    following = evidence(period=str(YEAR + 1), month=f"{YEAR + 1}-01")
    park.act("Evidence", following, signer="enterprise 1")
    return Told(wrong, right, grams)


def _read(park: Park, month: MonthOfReadings) -> int:
    """Upload one month of the first meter; its grams."""
    answer = park.http.post(
        "/v1/documents",
        params={"kind": "readings", "meter": METER, "period": month.period.text},
        content=month_csv(month),
        headers=park.headers("enterprise 1")
        | {"Idempotency-Key": f"m-{month.period.number}", "Carbon-Salt-Seed": _SEED},
    )
    assert answer.is_success, answer.text
    pack = load_rule_pack(PARK_RULES)
    return grams_by_category(pack, {"electricity": month.total})["indirect"]


def _deliver(park: Park) -> None:
    """Steam of one month from the first enterprise to the second, signed by both."""
    message = delivery(megajoules=180_000)
    body = park.envelope("Delivery", message, signer="enterprise 1")
    again = park.envelope("Delivery", body["message"], signer="enterprise 2")
    answer = park.post("Delivery", body | {"countersignature": again["signature"]}, wait=False)
    assert answer.is_success, answer.text


def _report(park: Park, grams: int, *, follows: str) -> str:
    pack = hex_text(load_rule_pack(PARK_RULES).hash)
    message = report(follows=follows, indirect_grams=grams, rule_pack=pack)
    return park.act("Report", message, signer="enterprise 1")


def _attest(park: Park, follows: str, *, grams: int, opinion: str) -> str:
    message = statement(follows, verified_grams=grams, opinion=opinion)
    return park.act("Statement", message, signer="verifier")
