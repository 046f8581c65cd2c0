"""What a goal's test tells: the same facts in one line, which a run prints at its end."""

import time
from collections.abc import Callable
from typing import Any

Tell = Callable[[dict[str, Any]], None]
"""The fixture `tell`."""


def goal_line(
    goal: str, *, seed: int, n: int, violations: int, started: float, **more: Any
) -> dict[str, Any]:
    """A goal, how often it was tried from which seed, what was wrong, and how long it took.

    `started` is a time of `time.monotonic`.
    """
    seconds = round(time.monotonic() - started, 1)
    facts = {"goal": goal, "seed": seed, "n": n, "violations": violations, "seconds": seconds}
    return facts | more
