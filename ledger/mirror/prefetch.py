"""Ranges of blocks, each asked of the node while the one before it is read and written."""

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from ledger.chain.reader import Answers, Filled, Reader

# A range is as long as makes about this many logs: one transaction, one answer of the node.
LOGS_WANTED = 4_000
_BLOCKS_MAX = 500


class Prefetch:
    """Ranges up to block `last`; how long one is follows from the logs of those read before.

    Only asking happens in the other thread: reading there would take turns with the writing.
    """

    def __init__(self, reader: Reader, last: int) -> None:
        self.last = last
        self._reader = reader
        self._blocks = 1
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        self._next: tuple[int, Future[Answers]] | None = None

    def __enter__(self) -> "Prefetch":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._asking.shutdown(cancel_futures=True)

    def after(self, number: int) -> list[Filled]:
        """The next range after this block; raises what asking and reading raise."""
        asked, self._next = self._next, None
        if asked is not None and asked[0] == number:
            answers = asked[1].result()
        else:
            answers = self._ask(number)
        if answers.last < self.last:
            self._next = answers.last, self._asking.submit(self._ask, answers.last)
        found = self._reader.read(answers)
        self._fit(sum(len(one.logs) for one in found))
        return found

    def _ask(self, number: int) -> Answers:
        return self._reader.ask(number + 1, min(self.last, number + self._blocks))

    def _fit(self, logs: int) -> None:
        fitting = max(self._blocks * LOGS_WANTED // max(logs, 1), 1)
        self._blocks = min(fitting, 2 * self._blocks, _BLOCKS_MAX)
