"""How a viewer sees an enterprise: as its owner, regulator, verifier in a case, park, or public.

One SQL expression says it for a whole list; which fields each view has is the api's table
(api.md, section 4). A role is the viewer's kind on chain, and it is judged at present, also where
an earlier moment is shown: what ended opens nothing by asking for then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    case,
    exists,
    false,
    literal,
    or_,
    select,
    true,
)

from ledger.access.viewer import Viewer
from ledger.chain.bindings import KINDS, STAGES
from ledger.emissions.model import head_table
from ledger.emissions.queries import is_replaced
from ledger.identifiers.model import relation_state_table, subject_state_table, subject_table
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import Sight, fact_of
from ledger.store.chain_log import block_table, present_of, time_of
from ledger.store.facts import FACTS
from ledger.store.states import holds, is_now, is_recorded

View: TypeAlias = Literal["owner", "regulator", "case", "park", "public"]
# Afterwards a verifier keeps his own statements (api.md, section 4).
CASE_CLOSES_AFTER_SECONDS = 30 * 86_400
_PUBLIC = literal("public")


def view_of(
    reading: Connection, viewer: Viewer, *, enterprise: Any, year: Any = None
) -> ColumnElement[str]:
    """The view of a row by the columns (or values) of its enterprise and year.

    Without a year there is no case.
    """
    if viewer.participant is None:
        return _PUBLIC
    mine = _as_role(reading, viewer, enterprise, year)
    return case((enterprise == viewer.participant, "owner"), else_=mine)


def view_of_one(
    reading: Connection, viewer: Viewer, enterprise: bytes, *, year: int | None = None
) -> View:
    """The view of one enterprise, and of one of its years."""
    subject = select(subject_table.c.hash).where(subject_table.c.hash == enterprise).subquery()
    view = view_of(reading, viewer, enterprise=subject.c.hash, year=year)
    found: View | None = reading.scalar(select(view).select_from(subject))
    return found or "public"


def _as_role(reading: Connection, viewer: Viewer, enterprise: Any, year: Any) -> ColumnElement[str]:
    """The view that comes with the viewer's kind."""
    assert viewer.participant is not None
    is_so: ColumnElement[bool]
    if viewer.kind == KINDS["REGULATOR"]:
        view, is_so = "regulator", _is_below(reading, viewer.participant, enterprise)
    elif viewer.kind == KINDS["VERIFIER"]:
        judged = _at_present(reading)
        view, is_so = "case", _has_case(viewer.participant, enterprise, year, judged=judged)
    elif viewer.kind == KINDS["PARK"]:
        view, is_so = "park", is_tenant_of(viewer.participant, enterprise)
    else:
        return _PUBLIC
    return case((is_so, view), else_="public")


def is_tenant_of(
    park: Any, enterprise: Any, *, holding: Callable[[FromClause], ColumnElement[bool]] = is_now
) -> ColumnElement[bool]:
    """Whether an enterprise stands directly below a prefix that the park holds, or held then."""
    tenant, state = subject_table.alias(), subject_state_table.alias()
    return exists(
        select(tenant.c.hash)
        .join(state, state.c.subject == tenant.c.parent)
        .where(tenant.c.hash == enterprise, state.c.owner == park, holding(state))
    )


def _is_below(reading: Connection, regulator: bytes, enterprise: Any) -> ColumnElement[bool]:
    """Below the prefix in which the regulator itself stands."""
    prefix = names_of(reading, {regulator})[regulator].partition("/")[0]
    subject = subject_table.alias()
    below = or_(subject.c.name.startswith(f"{prefix}."), subject.c.name.startswith(f"{prefix}/"))
    return exists(select(subject.c.hash).where(subject.c.hash == enterprise, below))


@dataclass(frozen=True, slots=True)
class _Judged:
    """At which moment a case is judged: what held and was recorded then, and the time."""

    holds: Callable[[FromClause], ColumnElement[bool]]
    is_recorded: Callable[[FromClause], ColumnElement[bool]]
    time: int


def _at_present(reading: Connection) -> _Judged:
    """Now, also where an earlier moment is shown: who may see is not a question of then."""
    return _Judged(is_now, lambda _fact: true(), present_of(reading))


def _as_shown(reading: Connection) -> _Judged:
    return _Judged(partial(holds, reading), partial(is_recorded, reading), time_of(reading))


def _has_case(verifier: Any, enterprise: Any, year: Any, *, judged: _Judged) -> ColumnElement[bool]:
    """Assigned for the year without a tie, and not closed; without a year there is no case."""
    if year is None:
        return false()
    relation = relation_state_table.alias()
    assigned = exists(
        select(relation.c.verifier).where(
            relation.c.verifier == verifier,
            relation.c.enterprise == enterprise,
            relation.c.revision > 0,
            relation.c.ties == 0,
            relation.c.first_year <= year,
            relation.c.last_year >= year,
            judged.holds(relation),
        )
    )
    waiting, fresh = _is_waiting(enterprise, year, judged), _is_fresh(enterprise, year, judged)
    return and_(assigned, or_(waiting, fresh))


def _is_waiting(enterprise: Any, year: Any, judged: _Judged) -> ColumnElement[bool]:
    """A facility's figure of the year is not confirmed, or none is begun."""
    owned, head = subject_state_table.alias(), head_table.alias()
    figures = (
        select(head.c.stage)
        .join(owned, owned.c.subject == head.c.facility)
        .where(
            owned.c.owner == enterprise,
            head.c.period == year * 100,
            judged.holds(owned),
            judged.holds(head),
        )
    )
    is_open = head.c.stage != STAGES["CONFIRMED"]
    return or_(~exists(figures), exists(figures.where(is_open)))


def _is_fresh(enterprise: Any, year: Any, judged: _Judged) -> ColumnElement[bool]:
    """The last confirmation of the year is younger than a case lasts after it."""
    fact, block = FACTS["FigureConfirmed"].alias(), block_table.alias()
    since = judged.time - CASE_CLOSES_AFTER_SECONDS
    return exists(
        select(fact.c.seq)
        .join(block, block.c.number == fact.c.block)
        .where(
            fact.c.account == enterprise,
            fact.c.period == year * 100,
            block.c.time > since,
            judged.is_recorded(fact),
        )
    )


def figure_sight(reading: Connection, viewer: Viewer, message_type: str) -> Sight:
    """How evidence, reports, statements, confirmations and reopenings are seen.

    The public sees what was confirmed; a verifier keeps its own statements.
    """
    fact = fact_of(message_type)
    year = fact.c.period // 100
    view = view_of(reading, viewer, enterprise=fact.c.enterprise, year=year)
    if message_type == "Statement" and viewer.participant is not None:
        view = case((fact.c.verifier == viewer.participant, "case"), else_=view)
    states = _states(reading, message_type, fact)
    is_seen = or_(view != "public", _is_confirmed(reading, message_type, fact))
    return Sight(view, is_seen, {"state": states} if states else {})


_IN_HEAD = {"Report": "report", "Statement": "statement", "Confirmation": "confirmation"}


def _is_confirmed(reading: Connection, message_type: str, fact: Table) -> ColumnElement[bool]:
    """Whether the act is part of a figure whose confirmation stands."""
    if message_type not in _IN_HEAD:
        return false()
    head = head_table.alias()
    mine = head.c[_IN_HEAD[message_type]] == fact.c.id
    confirmed = head.c.confirmation.is_not(None)
    return exists(select(head.c.id).where(mine, confirmed, holds(reading, head)))


def _states(reading: Connection, message_type: str, fact: Table) -> dict[str, ColumnElement[bool]]:
    """Of each state of an act of this type, whether a row is in it."""
    if message_type == "Report":
        return _report_states(reading, fact)
    if message_type == "Evidence":
        replaced = is_replaced(reading, fact)
        return {"anchored": ~replaced, "replaced": replaced}
    return {}


def _report_states(reading: Connection, fact: Table) -> dict[str, ColumnElement[bool]]:
    """Of each state of a report version, whether a row is in it."""
    head = head_table.alias()
    newest = select(head.c.id).where(head.c.report == fact.c.id, holds(reading, head))
    attested, confirmed = head.c.statement.is_not(None), head.c.confirmation.is_not(None)
    return {
        "submitted": exists(newest.where(~attested)),
        "attested": exists(newest.where(attested, ~confirmed)),
        "confirmed": exists(newest.where(confirmed)),
        "superseded": ~exists(newest),
    }


def assignment_sight(reading: Connection, viewer: Viewer) -> Sight:
    """Assignments are seen by both parties, the park of the enterprise, and its regulator."""
    fact = fact_of("Assignment")
    view = view_of(reading, viewer, enterprise=fact.c.enterprise)
    if viewer.participant is not None:
        view = case((fact.c.verifier == viewer.participant, "case"), else_=view)
    is_open = _has_case(
        fact.c.verifier, fact.c.enterprise, fact.c.last_year, judged=_as_shown(reading)
    )
    return Sight(view, view != "public", {"state": {"open": is_open, "closed": ~is_open}})
