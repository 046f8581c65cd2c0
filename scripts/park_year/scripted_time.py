"""The demo's time: one RFC 3339 line in a file that the service reads."""

from pathlib import Path

from api.fields import time_text
from ledger.clock import RealClock


class ScriptedTime:
    """Written whole or not at all, and only forward; real time goes on once it has ended."""

    def __init__(self, path: Path, start: int) -> None:
        self.path = path
        self._now = start
        self._write()

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self._now if self.path.exists() else RealClock().now()

    def move_to(self, moment: int) -> None:
        """Let it be that moment, which must not lie before."""
        assert moment >= self._now, "time only moves forward"
        self._now = moment
        self._write()

    def end(self) -> None:
        """From here on the service has real time."""
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        temporary = self.path.with_name(self.path.name + ".tmp")
        temporary.write_text(time_text(self._now) + "\n", "ascii")
        temporary.replace(self.path)
