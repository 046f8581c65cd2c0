"""A machine whose clock a test sets, and whose time passes when a test says so."""

from dataclasses import dataclass, field

from ledger.clock import Machine


@dataclass
class SetMachine:
    """Begins at that unix time; what really passes on the machine that runs the test passes too
    where `beside` says so."""

    wall: float
    beside: Machine | None = None
    steady: float = 1000.0
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = 0.0 if self.beside is None else self.beside.steady()

    @property
    def machine(self) -> Machine:
        return Machine(
            lambda: self.wall + self._passed(),
            lambda: self.steady + self._passed(),
        )

    def _passed(self) -> float:
        return 0.0 if self.beside is None else self.beside.steady() - self._since

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        self.wall += seconds
        self.steady += seconds

    def jump(self, seconds: float) -> None:
        """Set the clock, forward or back."""
        self.wall += seconds
