"""Our own modules as processes: the same interpreter and source tree, from any directory."""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[1])


def command_of(module: str) -> list[str]:
    """The command that runs the `main` of a module, however we are installed."""
    program = f"import sys; sys.path.insert(0, {_ROOT!r}); from {module} import main; main()"
    return [sys.executable, "-c", program]
