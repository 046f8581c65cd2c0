"""Who may read documents and activity data: the owner, and whom case, duty or grant lets in.

What a verifier wrote about an enterprise is the enterprise's to read.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, or_, select

from ledger.access.grants import is_granted
from ledger.access.viewer import Viewer
from ledger.emissions.sight import View, view_of_one
from ledger.evidence.model import document_owner_table, reading_month_table
from ledger.identifiers.model import subject_state_table
from ledger.store.chain_log import act_table
from ledger.store.facts import FACTS
from ledger.store.states import is_now
from ledger.verification.findings import finding_table


def document_view(reading: Connection, viewer: Viewer, digest: bytes) -> tuple[View, bytes] | None:
    """How a viewer sees a document, and as whose (32 bytes); None: not at all."""
    if viewer.participant is None:
        return None
    owners = _owners(reading, digest)
    if viewer.participant in owners or _is_about(reading, viewer.participant, digest):
        return "owner", viewer.participant
    for owner in owners:
        years = _years(reading, digest, owner)
        view = _view_by_owner(reading, viewer, owner, years)
        if view != "public":
            return view, owner
    return None


def activity_view(
    reading: Connection, viewer: Viewer, enterprise: bytes, *, year: int
) -> View | None:
    """How a viewer sees what an enterprise's figures of a year are computed from.

    None: not at all.
    """
    if viewer.participant is None:
        return None
    if viewer.participant == enterprise:
        return "owner"
    view = _view_by_owner(reading, viewer, enterprise, {year})
    return None if view == "public" else view


def _owners(reading: Connection, digest: bytes) -> list[bytes]:
    table = document_owner_table
    return list(reading.scalars(select(table.c.owner).where(table.c.digest == digest)))


def _is_about(reading: Connection, enterprise: bytes, digest: bytes) -> bool:
    """Whether a statement or a finding on the enterprise's figures names the document.

    It must be the verifier's own: naming somebody else's opens it to nobody.
    """
    report, statement, finding = FACTS["EmissionReported"], FACTS["StatementMade"], finding_table
    stated = (
        select(statement.c.seq)
        .where(statement.c.document == digest, statement.c.enterprise == enterprise)
        .where(_is_owned(digest, statement.c.verifier))
    )
    found = (
        select(finding.c.seq)
        .join(act_table, act_table.c.id == finding.c.report)
        .join(report, report.c.seq == act_table.c.seq)
        .where(finding.c.document == digest, report.c.enterprise == enterprise)
        .where(_is_owned(digest, finding.c.verifier))
    )
    return any(reading.execute(query.limit(1)).first() for query in (stated, found))


def _is_owned(digest: bytes, participant: Any) -> ColumnElement[bool]:
    table = document_owner_table
    return exists(
        select(table.c.owner).where(table.c.digest == digest, table.c.owner == participant)
    )


def _years(reading: Connection, digest: bytes, owner: bytes) -> set[int]:
    """The years that an owner's document speaks of: of the readings or the report it is."""
    month, report, facility = reading_month_table, FACTS["EmissionReported"], subject_state_table
    read = (
        select(month.c.period)
        .join(facility, facility.c.subject == month.c.facility)
        .where(month.c.document == digest, facility.c.owner == owner, is_now(facility))
    )
    reported = select(report.c.period).where(
        report.c.document == digest, report.c.enterprise == owner
    )
    return {period // 100 for query in (read, reported) for period in reading.scalars(query)}


def _view_by_owner(reading: Connection, viewer: Viewer, owner: bytes, years: set[int]) -> View:
    """By role, of any of the document's years; a document of no year goes with every case."""
    asked = years or _years_reported(reading, owner)
    views = [view_of_one(reading, viewer, owner, year=year) for year in asked or {0}]
    for view in views:
        if view in ("regulator", "case"):
            return view
    return "case" if _has_grant(reading, viewer, owner, years) else "public"


def _years_reported(reading: Connection, owner: bytes) -> set[int]:
    """The years of which an enterprise anchored anything."""
    fact = FACTS["EvidenceAnchored"]
    query = select(fact.c.period).where(fact.c.enterprise == owner).distinct()
    return {period // 100 for period in reading.scalars(query)}


def _has_grant(reading: Connection, viewer: Viewer, owner: bytes, years: set[int]) -> bool:
    assert viewer.participant is not None
    wanted: list[int | None] = [*years] or [None]
    granted: list[Any] = [
        is_granted(viewer.participant, "documents", owner=owner, year=year) for year in wanted
    ]
    return bool(reading.scalar(select(or_(*granted))))
