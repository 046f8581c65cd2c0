"""The enterprise-year: what is reported, due, surrendered, held, and what comes next."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger.chain.bindings import KINDS, STAGES
from ledger.emissions.queries import anchored_months, confirmed_tonnes, heads
from ledger.identifiers.queries import subjects
from ledger.quotas.asset import instrument_of, vintage_of
from ledger.quotas.queries import (
    holdings_of,
    last_surrender_time,
    obligation_of,
    surrender_rules,
)
from ledger.store.chain_log import time_of
from ledger.store.rows import Row

_STAGE_NAMES = {number: name.lower() for name, number in STAGES.items()}


@dataclass(frozen=True, slots=True)
class FacilityYear:
    """One facility's figure of a year; ids are 32 bytes, tonnes whole."""

    facility: bytes
    evidence_months: int
    late_months: int
    head: bytes | None
    head_stage: str
    report: bytes | None
    statement: bytes | None
    confirmed_tonnes: int | None


@dataclass(frozen=True, slots=True)
class EnterpriseYear:
    """One enterprise's compliance year; `deadline` in unix seconds, exclusive."""

    enterprise: bytes
    year: int
    phase: str
    status: str
    facilities: tuple[FacilityYear, ...]
    due_tonnes: int
    surrendered_tonnes: int
    offset_tonnes: int
    remaining_tonnes: int
    available_tonnes: int
    gap_tonnes: int
    deadline: int | None
    next_act: str | None


def enterprise_year(
    reading: Connection, enterprise: bytes, *, year: int, now: int
) -> EnterpriseYear:
    """The roll-up that all persons start from; what time decides is computed at `now`."""
    facilities = _facility_years(reading, enterprise, year)
    owed = obligation_of(reading, enterprise, year)
    rules = surrender_rules(reading, year)
    deadline = _deadline(rules)
    remaining = max(0, owed["due_tonnes"] - owed["surrendered_tonnes"])
    available = _available(reading, enterprise, rules)
    phase = _phase(facilities, deadline=deadline, now=now)
    status = _status(reading, enterprise, year=year, phase=phase, owed=owed, deadline=deadline)
    return EnterpriseYear(
        enterprise=enterprise,
        year=year,
        phase=phase,
        status=status,
        facilities=facilities,
        due_tonnes=owed["due_tonnes"],
        surrendered_tonnes=owed["surrendered_tonnes"],
        offset_tonnes=owed["offset_tonnes"],
        remaining_tonnes=remaining,
        available_tonnes=available,
        gap_tonnes=max(0, remaining - available),
        deadline=deadline,
        next_act=_next_act(facilities, remaining=remaining, available=available),
    )


def is_over(reading: Connection, year: int) -> bool:
    """Whether the last deadline of a compliance year has passed at the time that is shown."""
    deadline = _deadline(surrender_rules(reading, year))
    return deadline is not None and time_of(reading) >= deadline


def _deadline(rules: list[Row]) -> int | None:
    return max((rule["surrender_by"] for rule in rules), default=None)


def gap_band(year: EnterpriseYear) -> str:
    """What is missing or left over, without the number: short, even, surplus."""
    if year.gap_tonnes > 0:
        return "short"
    return "surplus" if year.available_tonnes > year.remaining_tonnes else "even"


def _facility_years(reading: Connection, enterprise: bytes, year: int) -> tuple[FacilityYear, ...]:
    owned = [row["hash"] for row in subjects(reading, owner=enterprise, kind=KINDS["FACILITY"])]
    figures = heads(reading, facilities=owned, year=year)
    return tuple(
        _facility_year(reading, facility, figures.get(facility), year) for facility in owned
    )


def _facility_year(reading: Connection, facility: bytes, head: Any, year: int) -> FacilityYear:
    months, late = anchored_months(reading, facility, year)
    if head is None:
        return FacilityYear(facility, months, late, None, _STAGE_NAMES[0], None, None, None)
    confirmation = head["confirmation"]
    return FacilityYear(
        facility=facility,
        evidence_months=months,
        late_months=late,
        head=head["id"],
        head_stage=_STAGE_NAMES[head["stage"]],
        report=head["report"],
        statement=head["statement"],
        confirmed_tonnes=confirmed_tonnes(reading, confirmation) if confirmation else None,
    )


def _available(reading: Connection, enterprise: bytes, rules: list[Any]) -> int:
    """What the account could surrender for the year today."""
    return sum(
        holding["available_tonnes"]
        for holding in holdings_of(reading, enterprise)
        for rule in rules
        if rule["instrument"] == instrument_of(holding["asset"])
        and rule["first_vintage"] <= vintage_of(holding["asset"]) <= rule["last_vintage"]
    )


def _phase(facilities: tuple[FacilityYear, ...], *, deadline: int | None, now: int) -> str:
    if deadline is not None and now >= deadline:
        return "closed"
    if not facilities or any(figure.report is None for figure in facilities):
        return "reporting"
    if any(figure.confirmed_tonnes is None for figure in facilities):
        return "verifying"
    return "due"


def _status(
    reading: Connection,
    enterprise: bytes,
    *,
    year: int,
    phase: str,
    owed: Any,
    deadline: int | None,
) -> str:
    """open, compliant, short or late_compliant (api.md, section 3)."""
    is_met = owed["figures"] > 0 and owed["surrendered_tonnes"] >= owed["due_tonnes"]
    if is_met and phase in ("due", "closed"):
        last = last_surrender_time(reading, enterprise, year)
        is_late = last is not None and deadline is not None and last >= deadline
        return "late_compliant" if is_late else "compliant"
    return "short" if phase == "closed" else "open"


def _next_act(
    facilities: tuple[FacilityYear, ...], *, remaining: int, available: int
) -> str | None:
    if any(figure.report is None for figure in facilities):
        return "report"
    if any(figure.confirmed_tonnes is None for figure in facilities):
        return "await_verification"
    if remaining > available:
        return "buy_quota"
    return "surrender" if remaining else None
