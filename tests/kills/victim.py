"""The service that gets killed: the real one, with marks of where it is in a shared file.

`python -m tests.kills.victim` imports everything once and then forks a service for each line
`{"directory", "marks", "fatal"}` on standard input, answering its process id. Each window is one
byte of the marks, 1 while some thread is inside it; with `fatal` the service kills itself the
moment it enters that window.
"""

import json
import mmap
import os
import signal
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import psycopg  # noqa: F401 - before the forks
import requests  # noqa: F401
import uvicorn
import web3  # noqa: F401
from sqlalchemy import Engine, event

from api.app import create_app
from ledger.chain.embedded import Entries
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.http_node import HttpNode
from ledger.clock import Clock
from ledger.local_engine import local_ledger
from ledger.service_keys import ServiceKeys, read_service_keys
from ledger.settings import Settings
from ledger.store import draft
from scripts.commands.serve import write_service_file
from scripts.listeners import listen
from tests.park import PLENTY

WINDOWS = ("before_commit", "after_commit", "after_send", "inside_block", "inside_projection")
# On a chain elsewhere no block is made here.
WINDOWS_OF_RPC = tuple(window for window in WINDOWS if window != "inside_block")
_THREAD_WINDOWS = {"writer": "before_commit", "follower": "inside_projection"}


class Marks:
    """One byte a window in a file that outlives the process."""

    def __init__(self, path: Path, fatal: str | None) -> None:
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), len(WINDOWS))
        self._fatal = fatal

    def note(self, window: str) -> None:
        """Somebody is in this window; it is not yet its fatal moment."""
        self._bytes[WINDOWS.index(window)] = 1

    def enter(self, window: str) -> None:
        self.note(window)
        if window == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def leave(self, window: str) -> None:
        self._bytes[WINDOWS.index(window)] = 0


def _mark_transactions(marks: Marks) -> None:
    """Mark the transactions of writer, courier and follower by the name of their thread."""

    insert_rows = draft.insert_rows

    def _inserting(*arguments: Any) -> None:
        insert_rows(*arguments)
        if threading.current_thread().name == "follower":
            marks.enter("inside_projection")

    draft.insert_rows = _inserting  # type: ignore[assignment]

    @event.listens_for(Engine, "commit")
    def _committing(_connection: Any) -> None:
        # The writer's rows go to the driver past SQLAlchemy: all of them are written by now.
        if threading.current_thread().name == "writer":
            marks.enter("before_commit")


def _mark_endings(marks: Marks) -> None:
    """Leave a window when its transaction is through: the connection is given back."""

    @event.listens_for(Engine, "checkin")
    def _checked_in(_connection: Any, _record: Any) -> None:
        thread = threading.current_thread().name
        if thread in _THREAD_WINDOWS:
            marks.leave(_THREAD_WINDOWS[thread])
        if thread == "writer":
            marks.enter("after_commit")
        elif thread == "courier":
            marks.leave("after_commit")
        elif thread == "follower":
            marks.leave("after_send")


class _MarkedEntries:
    """The chain's entries, marking the write of a block that is executed and not yet durable."""

    def __init__(self, entries: Entries, marks: Marks) -> None:
        self._entries = entries
        self._marks = marks

    def get(self, key: bytes) -> bytes | None:
        return self._entries.get(key)

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        if entries:
            self._marks.enter("inside_block")
        self._entries.write(entries)


class _MarkedNode(EmbeddedNode):
    """The embedded node, marking what is sent and in no block yet, and the sealing."""

    def __init__(self, entries: Entries, clock: Clock, marks: Marks) -> None:
        super().__init__(_MarkedEntries(entries, marks), clock)
        self._marks = marks

    def request(self, method: str, params: list[Any]) -> Any:
        answer = super().request(method, params)
        if method == "eth_sendRawTransaction":
            self._marks.enter("after_send")
        return answer

    def seal(self) -> bool:
        if self.has_work():
            self._marks.note("inside_block")
        is_sealed = super().seal()
        self._marks.leave("inside_block")
        if is_sealed:
            self._marks.leave("after_send")
        return is_sealed


def _mark_sending(marks: Marks) -> None:
    """Mark what went to a node elsewhere; the follower, who reads its block, leaves."""
    request = HttpNode.request

    def marked(self: HttpNode, method: str, params: list[Any]) -> Any:
        answer = request(self, method, params)
        if method == "eth_sendRawTransaction":
            marks.enter("after_send")
        return answer

    HttpNode.request = marked  # type: ignore[method-assign]


@cache
def _keys(directory: Path) -> ServiceKeys:
    """The keys of a directory, whose decryption is slow on purpose: done once, before the forks."""
    settings = Settings(directory)
    passphrase = settings.passphrase_file.read_text("ascii")
    return read_service_keys(settings.keys, passphrase=passphrase)


def _serve(directory: Path, marks_path: Path, fatal: str | None) -> None:
    marks = Marks(marks_path, fatal)
    settings = Settings(directory, directory / "clock")
    ledger = local_ledger(
        settings,
        keys=_keys(directory),
        make_node=lambda entries, clock: _MarkedNode(entries, clock, marks),
    )
    ledger.start()
    _mark_transactions(marks)
    _mark_endings(marks)
    _mark_sending(marks)
    listener = listen(0)
    write_service_file(settings, f"http://127.0.0.1:{listener.getsockname()[1]}")
    app = create_app(ledger, PLENTY)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])


def main() -> None:
    """Fork a service for each line; children are reaped by the kernel."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        wanted = json.loads(line)
        _keys(Path(wanted["directory"]))
        process = os.fork()
        if process == 0:
            _serve(Path(wanted["directory"]), Path(wanted["marks"]), wanted["fatal"])
            os._exit(0)
        print(process, flush=True)


if __name__ == "__main__":
    main()
