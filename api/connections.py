"""HTTP connections that wait for nobody: the head of a request comes soon and has an end.

uvicorn waits for a request's head for ever and keeps whatever comes of it; a body is watched
where it is read (api/requests.py).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 1.5
HEAD_BYTES_MAX = 64 * 1024


class ImpatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 that closes the connection on a head that is slow or too long."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._head_bytes += len(data)
        if self._is_head_open and self._head_bytes > HEAD_BYTES_MAX:
            self.transport.close()

    def on_message_begin(self) -> None:
        self._deadline.cancel()
        self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._deadline.cancel()
        self._is_head_open = False
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._is_head_open = True
        self._head_bytes = 0
        self._deadline: Any = self.loop.call_later(HEAD_SECONDS, self.transport.close)
