"""What the events of Emissions make of a figure: its head, stage and standing acts."""

from collections.abc import Mapping
from typing import Any

from ledger.chain.bindings import STAGES
from ledger.emissions.model import head_table
from ledger.store.draft import Draft


def _advance(
    draft: Draft,
    event: Mapping[str, Any],
    *,
    block: int,
    stage: str,
    **acts: bytes | None,
) -> None:
    key = {"facility": event["facility"], "period": event["period"]}
    values = {"id": event["id"], "stage": STAGES[stage]} | acts
    draft.put(head_table, key=key, values=values, block=block)


def apply_evidence_anchored(
    draft: Draft, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    _advance(draft, event, block=block, stage="ANCHORED")


def apply_emission_reported(
    draft: Draft, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    acts = {"report": event["id"], "statement": None, "confirmation": None}
    _advance(draft, event, block=block, stage="REPORTED", **acts)


def apply_statement_made(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    _advance(draft, event, block=block, stage="ATTESTED", statement=event["id"])


def apply_figure_confirmed(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    _advance(draft, event, block=block, stage="CONFIRMED", confirmation=event["id"])


def apply_figure_reopened(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    _advance(draft, event, block=block, stage="REOPENED", confirmation=None)


PROJECTIONS = {
    "EvidenceAnchored": apply_evidence_anchored,
    "EmissionReported": apply_emission_reported,
    "StatementMade": apply_statement_made,
    "FigureConfirmed": apply_figure_confirmed,
    "FigureReopened": apply_figure_reopened,
}
