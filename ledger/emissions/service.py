"""The rules of evidence and reports as the mirror knows them (contracts.md, section 5)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from ledger import contract_errors as refused
from ledger.chain.bindings import STAGES
from ledger.emissions.model import head_table
from ledger.identifiers.service import require_facility, require_key
from ledger.outbox.act import SignedAct
from ledger.store.states import current

LARGEST_FIGURE = 2**53 - 1
_FIRST_YEAR, _LAST_YEAR = 2000, 2999


def year_of(period: int) -> int:
    """The year of a period yyyymm."""
    return period // 100


def require_period(period: int) -> None:
    """Raises PeriodBad."""
    if not _FIRST_YEAR <= year_of(period) <= _LAST_YEAR or period % 100 > 12:
        raise refused.PeriodBad(period)


def require_figure(value: int) -> None:
    """Raises FigureTooLarge."""
    if value > LARGEST_FIGURE:
        raise refused.FigureTooLarge(value)


def require_head(reading: Connection, act: SignedAct, *, stages: tuple[str, ...] | None) -> None:
    """Raises ActAlreadyMade, FigureOutOfDate, FigureStageWrong; None: every stage but confirmed."""
    message = act.message
    figure = {"facility": message["facility"], "period": message["period"]}
    row = current(reading, head_table, figure)
    head, stage = (bytes(32), 0) if row is None else (row["id"], row["stage"])
    if head == act.id:
        raise refused.ActAlreadyMade(act.id)
    if head != message["follows"]:
        raise refused.FigureOutOfDate(**figure, head=head, follows=message["follows"])
    if stages is None:
        is_allowed = stage != STAGES["CONFIRMED"]
    else:
        is_allowed = stage in {STAGES[name] for name in stages}
    if not is_allowed:
        raise refused.FigureStageWrong(**figure, stage=stage)


def _require_reporter(
    reading: Connection, message: Mapping[str, Any], *, key: bytes, now: int
) -> None:
    enterprise = require_facility(reading, message["facility"], "ACTIVE")
    require_key(reading, enterprise, key=key, right="REPORT", now=now)


def check_evidence(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    month = message["month"]
    _require_reporter(reading, message, key=act.key, now=now)
    require_head(reading, act, stages=None)
    require_period(message["period"])
    if year_of(month) != year_of(message["period"]) or not 1 <= month % 100 <= 12:
        raise refused.PeriodBad(month)
    if message["leaves"] == 0:
        raise refused.EvidenceEmpty(message["facility"], month)
    require_figure(message["leaves"])


def check_report(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    _require_reporter(reading, message, key=act.key, now=now)
    require_head(reading, act, stages=None)
    require_period(message["period"])
    require_figure(message["directGrams"])
    require_figure(message["indirectGrams"])


CHECKS = {"Evidence": check_evidence, "Report": check_report}
