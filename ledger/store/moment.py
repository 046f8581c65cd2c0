"""Which block a reading shows: the newest, or an earlier one that somebody asked for.

It travels with the connection, so that every query reads the same moment without being told.
"""

from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Moment:
    """A block, or the last block until a time in unix seconds, as somebody asked for it."""

    asked: str
    block: int | None = None
    time: int | None = None


_OPTION = "shown_block"


def show_block(reading: Connection, number: int) -> None:
    """From here on this connection shows the mirror as it was at that block."""
    reading.execution_options(**{_OPTION: number})


def shown_block(reading: Connection) -> int | None:
    """The block that was asked for; None: the newest."""
    number: int | None = reading.get_execution_options().get(_OPTION)
    return number
