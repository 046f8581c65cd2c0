"""The front processes of `serve --workers N`: started, started again when they fall, ended."""

import json
import logging
import socket
import subprocess
import threading
from dataclasses import asdict, dataclass

from ledger.clock import RealClock, ServiceClock
from ledger.service_keys import ServiceKeys
from ledger.settings import Settings
from scripts.front import READY
from scripts.http_server import GRACE_SECONDS
from scripts.interpreter import command_of

_AGAIN_SECONDS = 0.2  # so that one that falls at once is not started without pause
_log = logging.getLogger("carbonledger.fronts")


@dataclass(frozen=True, slots=True)
class Orders:
    """What every front is told: directory and clock, keys, the engine's URL, its limit.

    `clock` is the engine's: a front that is started later shall have the same time.
    """

    settings: Settings
    keys: ServiceKeys
    engine: str
    clock: ServiceClock
    requests_per_second: int

    def line(self, listener: socket.socket) -> str:
        """With the socket to answer, one line of JSON.

        It holds keys, so it goes through a pipe and nowhere else.
        """
        clock_file = self.settings.clock_file
        return json.dumps(
            {
                "directory": str(self.settings.directory),
                "clock_file": None if clock_file is None else str(clock_file),
                "keys": {name: key.hex() for name, key in asdict(self.keys).items()},
                "listener": listener.fileno(),
                "engine": self.engine,
                "clock_offset": self.clock.offset if isinstance(self.clock, RealClock) else None,
                "requests_per_second": self.requests_per_second,
            }
        )


class FrontFell(Exception):
    """A front ended before it served."""


class Fronts:
    """Keeps a front answering on each of these sockets, which outlive it."""

    def __init__(self, orders: Orders, listeners: list[socket.socket]) -> None:
        self._orders = orders
        self._listeners = listeners
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._processes: list[subprocess.Popen[str]] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start them and wait until all answer; raises FrontFell."""
        for listener in self._listeners:
            self._processes.append(self._begin(listener))
        for process in self._processes:
            _await_ready(process)
        for number in range(len(self._listeners)):
            thread = threading.Thread(target=self._keep, args=(number,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let them finish their requests, then end them."""
        with self._lock:
            self._stopping.set()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            _end(process)
        for thread in self._threads:
            thread.join()

    def _begin(self, listener: socket.socket) -> subprocess.Popen[str]:
        # A session of its own: Ctrl-C reaches the parent alone, which ends it in order.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command_of("scripts.front"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(self._orders.line(listener) + "\n")
        process.stdin.flush()  # and left open: its end tells the front that we are gone
        return process

    def _keep(self, number: int) -> None:
        while (status := self._processes[number].wait()) is not None:
            if self._stopping.wait(_AGAIN_SECONDS):
                return
            with self._lock:
                if self._stopping.is_set():
                    return
                _log.warning("front %d ended (%d); it is started again", number, status)
                _close(self._processes[number])
                self._processes[number] = self._begin(self._listeners[number])


def _await_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    if process.stdout.readline() != READY:
        raise FrontFell(f"status {process.wait()}")


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(GRACE_SECONDS + 5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _close(process)


def _close(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()
