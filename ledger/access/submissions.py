"""The submissions that a viewer sees: its own acts, and those its tokens carried."""

from sqlalchemy import ColumnElement, Connection, case, false, or_, select

from ledger.access.viewer import Viewer
from ledger.errors import ResourceUnknown
from ledger.outbox.model import submission_table
from ledger.outbox.queries import Standing, submission_standing
from ledger.outbox.recorded import Page, freshness
from ledger.store.chain_log import act_table
from ledger.store.rows import Row, every_row


def submission_page(reading: Connection, viewer: Viewer, page: Page) -> list[Row]:
    """A page of submissions in the order they came in; filters actor, state, type."""
    table = submission_table
    query = select(table).outerjoin(act_table, act_table.c.id == table.c.id)
    query = query.where(_is_seen(viewer))
    for name, value in page.filters.items():
        column = _state(reading) if name == "state" else table.c[name]
        query = query.where(column == value)
    return every_row(reading, page.ordered(query, table.c.seq))


def seen_standing(reading: Connection, viewer: Viewer, act_id: bytes) -> Standing:
    """What became of a submission; raises ResourceUnknown, also for what is not seen."""
    standing = submission_standing(reading, act_id)
    if viewer.participant is None or viewer.participant not in (standing.actor, standing.carrier):
        raise ResourceUnknown(f"submissions/0x{act_id.hex()}")
    return standing


def _is_seen(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.participant is None:
        return false()
    table = submission_table
    return or_(table.c.actor == viewer.participant, table.c.carrier == viewer.participant)


def _state(reading: Connection) -> ColumnElement[str]:
    """What the chain recorded wins over what the outbox knows."""
    table, final = submission_table, freshness(reading).final_block
    return case(
        (act_table.c.block <= final, "final"),
        (act_table.c.block > final, "provisional"),
        (table.c.state == "done", "sent"),
        else_=table.c.state,
    )
