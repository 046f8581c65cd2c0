"""Requests over HTTP that are repeated, within bounds, until the service answers.

Repeating is safe: whatever changes something carries an idempotency key that stays the same.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from secrets import SystemRandom
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from api.client.refusals import AnswerWrong, ProblemAnswered, ServiceUnavailable
from ledger.errors import Refusal
from ledger.strict_json import parse_strict

_REPEATED = frozenset({429, 502, 503, 504})
_TIMEOUT_SECONDS = 60.0
_ANSWER_BYTES_MAX = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is sent at most, and how long the pauses between grow."""

    attempts_max: int = 5
    first_seconds: float = 0.2
    longest_seconds: float = 10.0

    def pause(self, attempt: int, *, asked: float | None, chance: float) -> float | None:
        """Seconds before the next attempt, None when it makes no sense to wait.

        `attempt` counts from 1, `asked` is the service's Retry-After, `chance` in [0, 1) keeps
        clients that failed together from coming back together.
        """
        if attempt >= self.attempts_max or (asked or 0) > self.longest_seconds:
            return None
        doubled: float = self.first_seconds * 2 ** (attempt - 1)
        grown = min(self.longest_seconds, doubled)
        return max(asked or 0.0, grown / 2 * (1 + chance))


class Exchange:
    """One service's HTTP; `language` is that of its problems' texts."""

    def __init__(
        self,
        url: str,
        *,
        language: str = "en",
        patience: Patience | None = None,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._patience = patience or Patience()
        self._sleep = sleep
        self._chance = chance or SystemRandom().random
        self._http = httpx2.Client(
            base_url=self.url,
            headers={"Accept-Language": language},
            timeout=_TIMEOUT_SECONDS,
            transport=transport,
            # No proxy of the environment stands between two processes of one machine.
            trust_env=not _is_loopback(self.url),
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        """The successful answer.

        Raises ProblemAnswered for a refusal, ServiceUnavailable when nobody answered.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._http.request(
                    method, path, headers=headers, params=query or None, content=content
                )
            except (httpx2.TransportError, httpx2.InvalidURL) as error:
                refused: Exception = ServiceUnavailable(self.url, type(error).__name__)
                asked = None
            else:
                if answer.is_success:
                    return answer
                refused, asked = self._refusal(path, answer), _retry_after(answer)
                if answer.status_code not in _REPEATED:
                    raise refused
            pause = self._patience.pause(attempt, asked=asked, chance=self._chance())
            if pause is None:
                raise refused
            self._sleep(pause)

    def _refusal(self, path: str, answer: httpx2.Response) -> Exception:
        """The problem of a refusal; whoever answers without one is no service of ours."""
        try:
            problem = parsed(answer)
        except AnswerWrong:
            problem = None
        if isinstance(problem, dict) and isinstance(problem.get("code"), str):
            return ProblemAnswered(path, {"status": answer.status_code} | problem)
        return ServiceUnavailable(self.url, f"HTTP {answer.status_code}")


def parsed(answer: httpx2.Response) -> Any:
    """The strict JSON of an answer; raises AnswerWrong (json)."""
    return parse_answer(answer.content)


def parse_answer(content: bytes) -> Any:
    """The strict JSON that a service wrote; raises AnswerWrong (json)."""
    try:
        return parse_strict(content, limit_bytes=_ANSWER_BYTES_MAX)
    except Refusal:
        raise AnswerWrong("json") from None


def _retry_after(answer: httpx2.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
