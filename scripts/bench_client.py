"""The load of the bench: prepared requests over kept connections, from a process of its own."""

import multiprocessing
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

_HEAD_START_SECONDS = 0.2  # until the process has its requests


@dataclass(frozen=True, slots=True)
class Played:
    """What came of the requests: seconds from first to last, processor time of the client."""

    seconds: float
    client_seconds: float
    statuses: Counter[int]


class Clients:
    """A process that sends over so many connections at once, each waiting for its answers."""

    def __init__(self, pool: ProcessPoolExecutor, connections: int) -> None:
        self._pool = pool
        self._connections = connections

    def play(self, port: int, lanes: list[list[bytes]]) -> Played:
        """Send every lane's requests in order; a connection that is through takes the next lane."""
        begin = time.monotonic() + _HEAD_START_SECONDS
        return self._pool.submit(_play, port, lanes, self._connections, begin).result()


@contextmanager
def started_clients(connections: int) -> Iterator[Clients]:
    """The client process, started before anything is timed."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        pool.submit(time.sleep, _HEAD_START_SECONDS).result()
        yield Clients(pool, connections)


def raw_request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    fields = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def _play(port: int, lanes: list[list[bytes]], connections: int, begin: float) -> Played:
    """One thread over all connections: what the client costs is taken from the service."""
    waiting = deque(lanes)
    with selectors.DefaultSelector() as selector:
        senders = [
            _Sender(socket.create_connection(("127.0.0.1", port)), waiting)
            for _ in range(min(connections, len(lanes)))
        ]
        for sender in senders:
            selector.register(sender.connection, selectors.EVENT_READ, sender)
        time.sleep(max(0.0, begin - time.monotonic()))
        before = time.process_time()
        left = sum(sender.send_next() for sender in senders)
        while left:
            for key, _ in selector.select():
                sender = key.data
                if sender.has_whole_answer():
                    left -= not sender.send_next()
        seconds, spent = time.monotonic() - begin, time.process_time() - before
    for sender in senders:
        sender.connection.close()
    return Played(seconds, spent, sum((sender.statuses for sender in senders), Counter()))


class _Sender:
    """A connection, the lane that it is in, and what it was answered."""

    def __init__(self, connection: socket.socket, waiting: deque[list[bytes]]) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self.statuses: Counter[int] = Counter()
        self._waiting = waiting
        self._lane: Iterator[bytes] = iter(())
        self._received = bytearray()

    def send_next(self) -> bool:
        """Whether there was one more, in this lane or another."""
        request = next(self._lane, None)
        if request is None and self._waiting:
            self._lane = iter(self._waiting.popleft())
            request = next(self._lane, None)
        if request is None:
            return False
        self.connection.sendall(request)
        return True

    def has_whole_answer(self) -> bool:
        """Whether what has come now ends an answer, which has a Content-Length."""
        received = self.connection.recv(1 << 20)
        if not received:
            raise ConnectionResetError("the service closed the connection within an answer")
        self._received += received
        head, ends, body = self._received.partition(b"\r\n\r\n")
        if not ends:
            return False
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) < length:
            return False
        self.statuses[int(head[9:12])] += 1
        self._received.clear()
        return True
