"""The load of the bench: prepared requests over kept connections, from processes of their own."""

import multiprocessing
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

PROCESSES = 2
_HEAD_START_SECONDS = 0.2  # until every process has its requests


@dataclass(frozen=True, slots=True)
class Played:
    """What came of the requests: seconds from first to last, processor time of the clients."""

    seconds: float
    client_seconds: float
    statuses: Counter[int]


class Clients:
    """Processes that send; each connection is a lane and keeps the order of its requests."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def play(self, port: int, lanes: list[list[bytes]]) -> Played:
        """Send every lane's requests, all lanes at once, each waiting for its answers."""
        begin = time.monotonic() + _HEAD_START_SECONDS
        shares = [lanes[number::PROCESSES] for number in range(PROCESSES)]
        parts = [self._pool.submit(_play_share, port, share, begin) for share in shares if share]
        done = [part.result() for part in parts]
        return Played(
            seconds=max(ended for ended, _, _ in done) - begin,
            client_seconds=sum(seconds for _, seconds, _ in done),
            statuses=sum((statuses for _, _, statuses in done), Counter()),
        )


@contextmanager
def started_clients() -> Iterator[Clients]:
    """Client processes, started before anything is timed."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
        for waking in [pool.submit(time.sleep, _HEAD_START_SECONDS) for _ in range(PROCESSES)]:
            waking.result()
        yield Clients(pool)


def raw_request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    fields = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def _play_share(
    port: int, lanes: list[list[bytes]], begin: float
) -> tuple[float, float, Counter[int]]:
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in lanes]
    time.sleep(max(0.0, begin - time.monotonic()))
    before = time.process_time()
    with ThreadPoolExecutor(len(lanes)) as pool:
        statuses = sum(pool.map(_converse, connections, lanes), Counter[int]())
    ended, spent = time.monotonic(), time.process_time() - before
    for connection in connections:
        connection.close()
    return ended, spent, statuses


def _converse(connection: socket.socket, requests: list[bytes]) -> Counter[int]:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    statuses: Counter[int] = Counter()
    for request in requests:
        connection.sendall(request)
        statuses[_read_answer(connection)] += 1
    return statuses


def _read_answer(connection: socket.socket) -> int:
    """The status of one whole answer with a Content-Length."""
    received = bytearray(connection.recv(65536))
    while (ends := received.find(b"\r\n\r\n")) < 0:
        received += _more(connection)
    head = bytes(received[:ends]).lower()
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    missing = length - (len(received) - ends - 4)
    while missing > 0:
        missing -= len(_more(connection))
    return int(head[9:12])


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionResetError("the service closed the connection within an answer")
    return received
