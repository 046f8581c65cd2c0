"""Who may see the activity data behind a figure: readings, documents, what is computed from them.

Its owner; a verifier in its case; the regulator above it; whom the owner grants its documents.
"""

from sqlalchemy import Connection, literal, select

from ledger.access.grants import is_granted
from ledger.access.viewer import Viewer
from ledger.chain.bindings import KINDS
from ledger.emissions.model import head_table
from ledger.identifiers.model import relation_state_table, subject_table
from ledger.period import Period
from ledger.store.chain_log import block_table
from ledger.store.columns import BYTES32
from ledger.store.facts import FACTS
from ledger.store.rows import Row
from ledger.store.states import current

CLOSES_AFTER_SECONDS = 30 * 86_400  # api.md, section 4: after the confirmation


def sees_activity(reading: Connection, viewer: Viewer, report: Row, *, now: int) -> bool:
    """Whether this viewer may see what a recorded report was computed from."""
    if viewer.participant is None or "read" not in viewer.scopes:
        return False
    enterprise, year = report["actor"], Period(report["period"]).year
    if viewer.participant == enterprise:
        return True
    if viewer.kind == KINDS["VERIFIER"]:
        return _has_open_case(reading, viewer.participant, report, now=now)
    if viewer.kind == KINDS["REGULATOR"]:
        return _is_above(reading, viewer.participant, enterprise)
    owner = literal(enterprise, BYTES32)
    granted = is_granted(viewer.participant, "documents", owner=owner, year=year)
    return bool(reading.scalar(select(granted)))


def _has_open_case(reading: Connection, verifier: bytes, report: Row, *, now: int) -> bool:
    """A case is opened by an assignment without ties, and closes a month after the confirmation."""
    key = {"verifier": verifier, "enterprise": report["actor"]}
    relation = current(reading, relation_state_table, key)
    if relation is None or relation["ties"]:
        return False
    year = Period(report["period"]).year
    if not relation["first_year"] <= year <= relation["last_year"]:
        return False
    confirmed = _confirmed_at(reading, report)
    return confirmed is None or now < confirmed + CLOSES_AFTER_SECONDS


def _confirmed_at(reading: Connection, report: Row) -> int | None:
    """Block time of the confirmation that stands on the report's figure."""
    figure = {"facility": report["facility"], "period": report["period"]}
    head = current(reading, head_table, figure)
    assert head is not None, "a recorded report has made a head"
    fact = FACTS["FigureConfirmed"]
    query = (
        select(block_table.c.time)
        .join(fact, fact.c.block == block_table.c.number)
        .where(fact.c.id == head["confirmation"])
    )
    time: int | None = reading.scalar(query)
    return time


def _is_above(reading: Connection, regulator: bytes, subject: bytes) -> bool:
    """Whether the subject lies below the prefix that the regulator lies directly below."""
    prefix, above = _parent(reading, regulator), _parent(reading, subject)
    while above is not None and above != prefix:
        above = _parent(reading, above)
    return above is not None


def _parent(reading: Connection, subject: bytes) -> bytes | None:
    table = subject_table
    parent: bytes | None = reading.scalar(select(table.c.parent).where(table.c.hash == subject))
    return parent
