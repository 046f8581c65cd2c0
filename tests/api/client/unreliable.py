"""A real connection that fails when the test says so: before sending, after it, or by answer."""

from collections.abc import Callable
from typing import Any

import httpx2

Fault = Callable[[httpx2.Request, httpx2.BaseTransport], httpx2.Response]


class Unreliable(httpx2.BaseTransport):
    """Each request takes the next fault whose path it asks for, or goes through."""

    def __init__(self) -> None:
        self._real = httpx2.HTTPTransport()
        self._faults: list[tuple[str, Fault]] = []
        self.sent: list[tuple[str, str, str | None]] = []

    def fail(self, path: str, *faults: Fault) -> None:
        """The next requests to that path fail so, one by one."""
        self._faults += [(path, fault) for fault in faults]

    def keys(self, path: str) -> list[str | None]:
        """The idempotency keys under which a path was asked."""
        return [key for _, asked, key in self.sent if asked == path]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.sent.append((request.method, path, request.headers.get("idempotency-key")))
        for place, (of_path, fault) in enumerate(self._faults):
            if of_path == path:
                del self._faults[place]
                return fault(request, self._real)
        return self._real.handle_request(request)

    def close(self) -> None:
        self._real.close()


def unreachable(_request: httpx2.Request, _real: httpx2.BaseTransport) -> httpx2.Response:
    """Nobody listens."""
    raise httpx2.ConnectError("refused")


def lost(request: httpx2.Request, real: httpx2.BaseTransport) -> httpx2.Response:
    """The service does its work and its answer gets lost."""
    answer = real.handle_request(request)
    answer.read()
    answer.close()
    raise httpx2.ReadTimeout("no answer")


def answered(status: int, body: Any = None, **headers: str) -> Fault:
    """Somebody else answers."""

    def fault(_request: httpx2.Request, _real: httpx2.BaseTransport) -> httpx2.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx2.Response(status, json=body, headers=told)

    return fault


def altered(change: Callable[[dict[str, Any]], object]) -> Fault:
    """The service's answer with its JSON changed on the way."""

    def fault(request: httpx2.Request, real: httpx2.BaseTransport) -> httpx2.Response:
        answer = real.handle_request(request)
        answer.read()
        body = answer.json()
        answer.close()
        change(body)
        return httpx2.Response(answer.status_code, json=body)

    return fault
