"""The command line's other verbs as processes of their own: init, serve, mirror."""

import json
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from scripts.interpreter import command_of
from scripts.park_year.refusals import ChildFailed

LOG_NAME = "serve.log"
_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02
_LINES_SHOWN = 15


def run_verb(arguments: Sequence[str], *, statuses: Sequence[int] = (0,)) -> tuple[int, Any]:
    """Exit status and JSON document of a verb with `--json`; raises ChildFailed on others."""
    command = [*command_of("scripts.cli"), *arguments, "--json"]
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False
    )
    if done.returncode not in statuses:
        name = f"carbonledger {arguments[0]}"
        raise ChildFailed(name, status=done.returncode, lines=_last_lines(done.stderr))
    return done.returncode, json.loads(done.stdout)


class Service:
    """`carbonledger serve` on its usual port or a free one; ended with the block in any case.

    Whoever starts it plays a park's year or measures, faster than participants do.
    """

    def __init__(
        self,
        directory: Path,
        clock: Path | None,
        *,
        workers: int | None = None,
        requests_per_second: int = 100_000,
    ) -> None:
        self._directory = directory
        self._log = directory / LOG_NAME
        arguments = ["serve", "--dir", str(directory)]
        arguments += ["--requests-per-second", str(requests_per_second)]
        arguments += [] if clock is None else ["--clock", str(clock)]
        arguments += [] if workers is None else ["--workers", str(workers)]
        with self._log.open("wb") as log:
            # A group of its own: Ctrl-C reaches us alone, and we end it in order.
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                [*command_of("scripts.cli"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def url(self) -> str:
        """Where it answers, once it is ready; raises ChildFailed."""
        ends = time.monotonic() + _READY_SECONDS
        while time.monotonic() < ends:
            self._require_running()
            if (url := self._told_url()) is not None and _is_ready(url):
                return url
            time.sleep(_POLL_SECONDS)
        raise self._failure(None)

    @property
    def process(self) -> int:
        """The process id."""
        return self._process.pid

    def wait(self) -> None:
        """Until it ends by itself; raises ChildFailed: nobody asked it to."""
        self._process.wait()
        raise self._failure(self._process.returncode)

    def stop(self) -> None:
        """As Ctrl-C would: it finishes what it writes and lets go of the directory."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):  # asked twice, or too slow
            self._process.kill()
            self._process.wait()

    def _told_url(self) -> str | None:
        """The URL in service.json, if it is this process that wrote it."""
        try:
            told = json.loads((self._directory / "service.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return str(told["url"]) if told["pid"] == self._process.pid else None

    def _require_running(self) -> None:
        if self._process.poll() is not None:
            raise self._failure(self._process.returncode)

    def _failure(self, status: int | None) -> ChildFailed:
        lines = _last_lines(self._log.read_text("utf-8", errors="replace"))
        return ChildFailed("carbonledger serve", status=status, lines=lines)


def _is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", trust_env=False).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def _last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-_LINES_SHOWN:])
