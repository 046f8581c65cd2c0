"""A JSON-RPC proxy that fails or lies on request, between a ledger and a real node."""

import http.client
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

METHOD_NOT_FOUND = -32601
# What FISCO BCOS 3 has not (bcos-rpc EthMethods.h), as far as anybody here might ask it.
FISCO_LACKS = frozenset(
    {"eth_getBlockReceipts", "eth_feeHistory", "eth_getProof", "eth_createAccessList"}
)

Lie = Callable[[str, list[Any], Any], Any]
"""From a method, its parameters and the true result to what is told instead."""


@dataclass
class Faults:
    """What goes wrong now; nothing unless it is set."""

    transport: str | None = None  # latency, reset, drop_reply, partial, black_hole
    methods: frozenset[str] | None = None  # the transport's fault is for these only
    missing: frozenset[str] = frozenset()
    lie: Lie | None = None
    seconds: float = 0.3
    released: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """Listens at `url`, passes on to the node at that port, with the faults that are set."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.faults = Faults()
        self.counts: dict[str, int] = {}
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def heal(self) -> None:
        """Let everything be well again."""
        self.faults.released.set()
        self.faults = Faults()

    def close(self) -> None:
        self.heal()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forward(self, body: bytes) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            return connection.getresponse().read()
        finally:
            connection.close()

    def answer(self, body: bytes) -> bytes:
        """What the node says, as far as it is not lied about."""
        asked = json.loads(body)
        calls = asked if isinstance(asked, list) else [asked]
        for call in calls:
            self.counts[call["method"]] = self.counts.get(call["method"], 0) + 1
        faults = self.faults
        if faults.lie is None and not faults.missing:
            return self.forward(body)
        told = json.loads(self.forward(body))
        answers = told if isinstance(told, list) else [told]
        by_id = {call["id"]: call for call in calls}
        changed = [_changed(one, by_id[one["id"]], faults) for one in answers]
        return json.dumps(changed if isinstance(told, list) else changed[0]).encode()


def _changed(answer: dict[str, Any], call: dict[str, Any], faults: Faults) -> dict[str, Any]:
    method = call["method"]
    if method in faults.missing:
        error = {"code": METHOD_NOT_FOUND, "message": f"the method {method} does not exist"}
        return {"jsonrpc": "2.0", "id": answer["id"], "error": error}
    if faults.lie is None or "result" not in answer:
        return answer
    return answer | {"result": faults.lie(method, call["params"], answer["result"])}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    proxy: Proxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        faults = self.proxy.faults
        methods = {one["method"] for one in _calls(body)}
        is_hit = faults.methods is None or bool(faults.methods & methods)
        fault = faults.transport if is_hit else None
        if fault == "black_hole":
            faults.released.wait()
        if fault in ("reset", "black_hole"):
            return self._reset()
        if fault == "latency":
            threading.Event().wait(faults.seconds)
        answer = self.proxy.answer(body)
        if fault == "drop_reply":
            return self._reset()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if fault == "partial" else answer)
        if fault == "partial":
            self._reset()
        return None

    def _reset(self) -> None:
        """End the connection at once, without the rest of an answer."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a test reads what the ledger logs."""

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):  # whoever asked has gone, or we have reset it
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True


def _calls(body: bytes) -> list[dict[str, Any]]:
    asked = json.loads(body)
    return asked if isinstance(asked, list) else [asked]


@contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """A proxy before the node at this port, gone at the end of the block."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
