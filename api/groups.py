"""Work that is cheaper done together: what is asked while a group is at work is the next group."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeAlias, TypeVar

I = TypeVar("I")  # noqa: E741 - an item
O = TypeVar("O")  # noqa: E741 - its outcome
E = TypeVar("E", bound=Exception)
A = TypeVar("A")
B = TypeVar("B")

Outcomes: TypeAlias = Future[list[O | E]]


@dataclass(frozen=True, slots=True)
class _Asked(Generic[I, O]):
    item: I
    outcome: "asyncio.Future[O]"

    def tell(self, outcome: O | Exception) -> None:
        if self.outcome.done():  # whoever asked is gone
            return
        if isinstance(outcome, Exception):
            self.outcome.set_exception(outcome)
        else:
            self.outcome.set_result(outcome)


class Groups(Generic[I, O, E]):
    """Answers many askers by calls of `work`, one at a time, on a thread that no loop waits for.

    `work` takes at most `most` items and promises for each in order its outcome, or the exception
    that its asker shall see. While fewer than `ahead` promises are open the next group is worked
    on; who asks when it is not is in a larger group, which costs less than many small ones.
    """

    def __init__(
        self, work: Callable[[Sequence[I]], Outcomes[O, E]], *, most: int, ahead: int
    ) -> None:
        self._work = work
        self._most = most
        self._ahead = ahead
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="groups")
        self._lock = threading.Lock()
        self._waiting: list[_Asked[I, O]] = []
        self._is_at_work = False
        self._open = 0

    async def outcome(self, item: I) -> O:
        """What becomes of the item; raises its exception."""
        asked: _Asked[I, O] = _Asked(item, asyncio.get_running_loop().create_future())
        with self._lock:
            self._waiting.append(asked)
        self._go_on()
        return await asked.outcome

    def _go_on(self) -> None:
        with self._lock:
            if self._is_at_work or not self._may_begin():
                return
            self._is_at_work = True
        self._thread.submit(self._work_off)

    def _may_begin(self) -> bool:
        return bool(self._waiting) and self._open < self._ahead

    def _work_off(self) -> None:
        while group := self._next_group():
            self._begin(group)

    def _next_group(self) -> list[_Asked[I, O]]:
        with self._lock:
            group = self._waiting[: self._most] if self._may_begin() else []
            del self._waiting[: len(group)]
            self._is_at_work = bool(group)
        return group

    def _begin(self, group: Sequence[_Asked[I, O]]) -> None:
        try:
            promise = self._work([asked.item for asked in group])
        except Exception as error:  # handed to the one who asked, whatever it is
            self._fail(group, error)
        else:
            with self._lock:
                self._open += 1
            promise.add_done_callback(partial(self._end, group))

    def _end(self, group: Sequence[_Asked[I, O]], promise: Outcomes[O, E]) -> None:
        with self._lock:
            self._open -= 1
        error = promise.exception()
        if isinstance(error, Exception):
            self._fail(group, error)
        else:
            for asked, outcome in zip(group, promise.result(), strict=True):
                _tell(asked, outcome)
        self._go_on()

    def _fail(self, group: Sequence[_Asked[I, O]], error: Exception) -> None:
        """One that breaks the work breaks it for nobody else: each is worked on alone."""
        if len(group) == 1:
            _tell(group[0], error)
            return
        for asked in group:
            self._begin([asked])


def _tell(asked: _Asked[I, O], outcome: O | Exception) -> None:
    with suppress(RuntimeError):  # its loop is closed: whoever asked is gone
        asked.outcome.get_loop().call_soon_threadsafe(asked.tell, outcome)


def promised(promise: "Future[A]", change: Callable[[A], B]) -> "Future[B]":
    """What this makes of what was promised."""
    changed: Future[B] = Future()

    def settle(done: "Future[A]") -> None:
        try:
            changed.set_result(change(done.result()))
        except Exception as error:
            changed.set_exception(error)

    promise.add_done_callback(settle)
    return changed
