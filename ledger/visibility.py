"""How a viewer sees the acts of each type, from what the capabilities say (api.md, section 4)."""

from sqlalchemy import Connection

from ledger.access.viewer import Viewer
from ledger.emissions.sight import assignment_sight, figure_sight
from ledger.outbox.recorded import Sight
from ledger.quotas.sight import moves_sight

_FIGURES = frozenset({"Evidence", "Report", "Statement", "Confirmation", "Reopening"})
_MOVES = frozenset({"Transfer", "Surrender", "Cancellation"})


def sight_of(reading: Connection, viewer: Viewer, message_type: str) -> Sight:
    """Registers are public; figures and moves of quota are seen by role."""
    if message_type in _FIGURES:
        return figure_sight(reading, viewer, message_type)
    if message_type in _MOVES:
        return moves_sight(reading, viewer, message_type)
    if message_type == "Assignment":
        return assignment_sight(reading, viewer)
    return Sight()
