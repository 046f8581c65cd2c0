"""Which moment a reading shows: now, or an earlier one that somebody asked for.

It travels with the connection, so that every query reads the same moment without being told.
What is shown may be of long ago; who may see it is judged at present.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from ledger.store.prepared import remember_answers


@dataclass(frozen=True, slots=True)
class Moment:
    """A block, a time in unix seconds (the last block until then), or both, as it was asked for."""

    asked: str
    block: int | None = None
    time: int | None = None


_BLOCK, _TIME, _PRESENT = "shown_block", "shown_time", "present_time"


def show(reading: Connection, *, block: int | None, time: int, present: int) -> None:
    """From here on this connection shows what was at that block and time (None: the newest).

    `present` is the time now, by which everybody's sight is judged.
    """
    reading.execution_options(**{_BLOCK: block, _TIME: time, _PRESENT: present})
    remember_answers(reading)  # those until now were of another moment


def shown_block(reading: Connection) -> int | None:
    """The block that was asked for; None: the newest."""
    number: int | None = reading.get_execution_options().get(_BLOCK)
    return number


def shown_time(reading: Connection) -> int | None:
    """The time that is shown, in unix seconds; None: the reading was not told."""
    time: int | None = reading.get_execution_options().get(_TIME)
    return time


def present_time(reading: Connection) -> int | None:
    """The time now, in unix seconds; None: the reading was not told."""
    time: int | None = reading.get_execution_options().get(_PRESENT)
    return time
