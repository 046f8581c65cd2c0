"""`carbonledger serve` as a process of its own, which a test ends or kills."""

import json
import subprocess
import threading
from pathlib import Path

from scripts.interpreter import command_of

_POLL_SECONDS = 0.05


class Service:
    """Serves a directory on a free port."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self._file = directory / "service.json"
        words = ["serve", "--dir", str(directory), "--port", "0", *arguments]
        words += ["--requests-per-second", "100000"]  # a load, not a person
        self._process = subprocess.Popen(
            [*command_of("scripts.cli"), *words], stdout=subprocess.DEVNULL
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def require_running(self) -> None:
        assert self._process.poll() is None, "the service ended"

    def url(self) -> str:
        """Where it answers, once it does: when several start at once, the test's time bounds it."""
        while not self._file.exists():
            self.require_running()
            threading.Event().wait(_POLL_SECONDS)
        return str(json.loads(self._file.read_text("utf-8"))["url"])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()
