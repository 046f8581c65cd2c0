"""Who looks at a page."""

from fastapi import Request

from api.requests import ledger_of, reader_of
from ledger.identifiers.queries import names_of


def visitor_name(request: Request) -> str | None:
    """The identifier of the participant who looks; None for the public."""
    participant = reader_of(request).participant
    if participant is None:
        return None
    with ledger_of(request).reading() as reading:
        return names_of(reading, {participant})[participant]
