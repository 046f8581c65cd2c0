"""The submissions that a viewer sees: its own acts, and those its tokens carried."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    false,
    or_,
    select,
    true,
)

from ledger.access.viewer import Viewer
from ledger.errors import ResourceUnknown
from ledger.outbox.model import courier_transaction_table, submission_table
from ledger.outbox.queries import Standing, submission_standing
from ledger.outbox.recorded import Page, freshness, time_of
from ledger.store.chain_log import act_table
from ledger.store.moment import shown_block
from ledger.store.rows import Row, every_row
from ledger.store.states import is_recorded


def submission_page(reading: Connection, viewer: Viewer, page: Page) -> list[Row]:
    """A page of submissions in the order they came in; filters actor, state, type."""
    if viewer.participant is None:
        return []
    whose = (submission_table.c.actor, submission_table.c.carrier)
    sides = [_those_of(reading, one == viewer.participant, page.filters) for one in whose]
    return every_row(reading, page.merged(sides))


def _those_of(
    reading: Connection, is_whose: ColumnElement[bool], filters: Mapping[str, Any]
) -> Select[Any]:
    table, act, sent = submission_table, act_table, courier_transaction_table
    query = (
        select(table)
        .outerjoin(act, and_(act.c.id == table.c.id, is_recorded(reading, act)))
        .outerjoin(sent, sent.c.seq == table.c.transaction_seq)
        .where(is_whose, _was_accepted(reading))
    )
    for name, value in filters.items():
        column = _state(reading) if name == "state" else table.c[name]
        query = query.where(column == value)
    return query


def seen_standing(reading: Connection, viewer: Viewer, act_id: bytes) -> Standing:
    """What became of a submission; raises ResourceUnknown, also for what is not seen."""
    standing = submission_standing(reading, act_id)
    if viewer.participant is None or viewer.participant not in (standing.actor, standing.carrier):
        raise ResourceUnknown(f"submissions/0x{act_id.hex()}")
    return standing


def _was_accepted(reading: Connection) -> ColumnElement[bool]:
    """Those there were at the time that is shown; of one sent again only the last time is known."""
    table = submission_table
    if shown_block(reading) is None:
        return true()
    return or_(table.c.accepted_at <= time_of(reading), table.c.attempt > 1)


def _state(reading: Connection) -> ColumnElement[str]:
    """What the chain recorded wins over what the outbox knows."""
    table, final = submission_table, freshness(reading).final_block
    return case(
        (act_table.c.block <= final, "final"),
        (act_table.c.block > final, "provisional"),
        (or_(table.c.state == "done", _is_later(reading)), "sent"),
        else_=table.c.state,
    )


def _is_later(reading: Connection) -> ColumnElement[bool]:
    """Whether its transaction was done after the block that is shown."""
    block = shown_block(reading)
    return false() if block is None else courier_transaction_table.c.done_block > block
