"""How quota is seen: what an account holds and moves is its owner's and its regulator's."""

from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, exists, literal, or_, select

from ledger.access.grants import grant_table, is_granted
from ledger.access.viewer import Viewer
from ledger.chain.bindings import KINDS
from ledger.emissions.sight import View, is_tenant_of, view_of, view_of_one
from ledger.errors import ResourceUnknown
from ledger.identifiers.model import subject_state_table, subject_table
from ledger.identifiers.service import kind_of
from ledger.outbox.recorded import Page, Sight, fact_of
from ledger.quotas.compliance import is_over
from ledger.quotas.model import holding_table
from ledger.store.rows import Row, every_row
from ledger.store.states import current, holds

_FULL = ("owner", "regulator")


def moves_sight(reading: Connection, viewer: Viewer, message_type: str) -> Sight:
    """How transfers, surrenders and cancellations are seen: by the parties and a regulator.

    A transfer's sender and receiver are told apart: each knows its own balance.
    """
    fact = fact_of(message_type)
    if message_type != "Transfer":
        view = view_of(reading, viewer, enterprise=fact.c.account)
        return Sight(view, view.in_(_FULL))
    giver = view_of(reading, viewer, enterprise=fact.c["from"])
    taker = view_of(reading, viewer, enterprise=fact.c.to)
    view = case(
        (or_(giver == "regulator", taker == "regulator"), "regulator"),
        (giver == "owner", "sender"),
        (taker == "owner", "receiver"),
        else_="public",
    )
    return Sight(view, view != "public")


def account_page(reading: Connection, viewer: Viewer, page: Page) -> list[Row]:
    """A page of the accounts whose holdings a viewer sees: hash, name, seq and view."""
    subject, holding = subject_table, holding_table
    view = _account_view(reading, viewer, subject.c.hash)
    holds_quota = exists(
        select(holding.c.asset).where(holding.c.account == subject.c.hash, holds(reading, holding))
    )
    query = select(subject.c.hash, subject.c.name, subject.c.seq, view.label("view"))
    return every_row(
        reading, page.ordered(query.where(holds_quota, view != "public"), subject.c.seq)
    )


def account_seen(reading: Connection, viewer: Viewer, account: bytes) -> str:
    """The view of an account: owner, regulator or granted; raises ResourceUnknown for others."""
    subject = subject_table
    view = _account_view(reading, viewer, subject.c.hash)
    found: str | None = reading.scalar(select(view).where(subject.c.hash == account))
    if found is None or found == "public":
        raise ResourceUnknown("accounts")
    return found


def granted_vintages(reading: Connection, viewer: Viewer, account: bytes) -> set[int]:
    """The years of which an account's owner shows the viewer its holdings."""
    table = grant_table
    mine = (table.c.owner == account) & (table.c.grantee == viewer.participant)
    in_force = table.c.ended_at.is_(None) & (table.c.resource == "accounts")
    return set(reading.scalars(select(table.c.year).where(mine, in_force)))


def compliance_page(reading: Connection, viewer: Viewer, page: Page, *, year: int) -> list[Row]:
    """A page of the enterprises whose year a viewer sees: hash, seq and view; filter park."""
    subject, state = subject_table, subject_state_table
    view = view_of(reading, viewer, enterprise=subject.c.hash, year=year)
    query = (
        select(subject.c.hash, subject.c.seq, view.label("view"))
        .join(state, state.c.subject == subject.c.hash)
        .where(subject.c.kind == KINDS["ENTERPRISE"], holds(reading, state))
    )
    if not is_over(reading, year):
        query = query.where(view != "public")
    if "park" in page.filters:
        then = partial(holds, reading)
        query = query.where(is_tenant_of(page.filters["park"], subject.c.hash, holding=then))
    return every_row(reading, page.ordered(query, subject.c.seq))


def compliance_view(
    reading: Connection, viewer: Viewer, enterprise: bytes, *, year: int
) -> View | None:
    """How a viewer sees an enterprise's year; None: not at all. The public: after its deadline."""
    is_there = current(reading, subject_state_table, {"subject": enterprise}) is not None
    if not is_there or kind_of(reading, enterprise) != KINDS["ENTERPRISE"]:
        return None
    view = view_of_one(reading, viewer, enterprise, year=year)
    return None if view == "public" and not is_over(reading, year) else view


def _account_view(reading: Connection, viewer: Viewer, account: Any) -> ColumnElement[str]:
    if viewer.participant is None:
        return literal("public")
    view = view_of(reading, viewer, enterprise=account)
    granted = is_granted(viewer.participant, "accounts", owner=account)
    return case((view.in_(_FULL), view), (granted, "granted"), else_="public")
