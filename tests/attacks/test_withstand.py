"""What foreigners try on a served ledger is refused within two seconds and 150 MB.

The service is `carbonledger serve`, a process of its own; the attacks go over raw sockets.
"""

import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from scripts.park_year.processes import Service
from tests.api.held import HeldPark
from tests.api.world import World
from tests.park import CARRIER, START

pytestmark = pytest.mark.timeout(240)

SECONDS_MAX, MEGABYTES_MAX = 2.0, 150
PACE_SECONDS = 0.2  # of slow clients: a byte now and then
ZEROS = 1 << 29  # half a gigabyte out of half a megabyte
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
Bytes = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """The served ledger, a token that may carry acts, and its process."""

    url: str
    token: str
    process: int

    def memory_now(self) -> float:
        """Megabytes that it holds, from which its peak is counted anew."""
        Path(f"/proc/{self.process}/clear_refs").write_text("5", "ascii")
        return self._megabytes("VmRSS")

    def memory_at_most(self) -> float:
        """The most megabytes that it held since."""
        return self._megabytes("VmHWM")

    def _megabytes(self, name: str) -> float:
        lines = Path(f"/proc/{self.process}/status").read_text("ascii").splitlines()
        (line,) = [line for line in lines if line.startswith(f"{name}:")]
        return int(line.split()[1]) / 1024


@dataclass(frozen=True, slots=True)
class Attack:
    """Bytes as they are sent, piece by piece."""

    kind: str
    name: str
    send: Callable[[Target], Bytes]


def _head(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, "Host: x", *headers, "", ""]).encode("latin-1")


def _sending(sent: bytes) -> Callable[[Target], Bytes]:
    """The same bytes for every target, at once."""
    return lambda _target: iter([sent])


def _post(path: str, body: bytes, *headers: str, media_type: str = "application/json") -> Attack:
    """A request in its right form, of somebody who may send some."""

    def send(target: Target) -> Bytes:
        yield _head(
            f"POST {path} HTTP/1.1",
            f"Authorization: Bearer {target.token}",
            "Idempotency-Key: attack",
            f"Content-Type: {media_type}",
            f"Content-Length: {len(body)}",
            *headers,
        )
        yield from (body[start : start + 65_536] for start in range(0, len(body), 65_536))

    return Attack("oversized", path, send)


def _of(kind: str, name: str, attack: Attack) -> Attack:
    return Attack(kind, name, attack.send)


def _with_headers(kind: str, name: str, *headers: str, body: bytes = b"") -> Attack:
    """A write with these headers; `$` is a token that is right."""

    def send(target: Target) -> Bytes:
        filled = [header.replace("$", target.token) for header in headers]
        yield _head("POST /v1/transfers HTTP/1.1", *filled) + body

    return Attack(kind, name, send)


RIGHT = "Authorization: Bearer $"
EMPTY = "Content-Length: 2"
TOKENS = [
    _with_headers("token", name, *headers, EMPTY, "Content-Type: application/json", body=b"{}")
    for name, headers in {
        "none": (),
        "twice": (RIGHT, RIGHT),
        "two of which one is right": (RIGHT, "Authorization: Bearer x"),
        "another scheme": ("Authorization: Basic $",),
        "no scheme": ("Authorization: $",),
        "a letter more": (RIGHT + "x",),
        "a word more": (RIGHT + " x",),
        "another half": ("Authorization: Bearer clt_x_$",),
        "of sixty kilobytes": ("Authorization: Bearer " + "x" * 60_000,),
        "of a megabyte": ("Authorization: Bearer " + "x" * 1_000_000,),
        "in a cookie": ("Cookie: __Host-carbonledger=$",),
        "beside a cookie": (RIGHT, "Cookie: __Host-carbonledger=x"),
        "in another header": ("X-Authorization: Bearer $", "Proxy-Authorization: Bearer $"),
    }.items()
]
SMUGGLING = [
    _with_headers("smuggling", name, RIGHT, *headers, body=body + SMUGGLED)
    for name, headers, body in (
        ("length and chunks", ("Content-Length: 4", "Transfer-Encoding: chunked"), b"0\r\n\r\n"),
        ("two lengths", ("Content-Length: 0", "Content-Length: 40"), b""),
        ("a length with a sign", ("Content-Length: +2",), b"{}"),
        ("a length below nothing", ("Content-Length: -1",), b""),
        ("a length of letters", ("Content-Length: 1e3",), b""),
        ("a length beyond all", ("Content-Length: " + "9" * 30,), b""),
        ("another coding", ("Transfer-Encoding: xchunked",), b"0\r\n\r\n"),
        ("chunks twice", ("Transfer-Encoding: chunked, chunked",), b"0\r\n\r\n"),
        ("a chunk below nothing", ("Transfer-Encoding: chunked",), b"-1\r\n"),
        ("a chunk beyond all", ("Transfer-Encoding: chunked",), b"F" * 20 + b"\r\n"),
        ("a space before the colon", ("Content-Length : 2",), b"{}"),
        ("a folded header", ("X-Folded: a\r\n b", "Content-Length : 2"), b"{}"),
        ("a NUL in a header", ("X-Nul: a\0b", "Content-Length: 2"), b"{}"),
        ("a header without colon", ("nonsense", "Content-Length: 2"), b"{}"),
        ("ten thousand headers", tuple(f"X-{number}: y" for number in range(10_000)), b""),
    )
] + [
    Attack("smuggling", name, _sending(sent))
    for name, sent in {
        "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        "noise": bytes(range(256)) * 64,
        "an endless line": b"GET /" + b"a" * 200_000,
    }.items()
]


def _chunked(target: Target) -> Bytes:
    yield _head(
        "POST /v1/documents?kind=other HTTP/1.1",
        f"Authorization: Bearer {target.token}",
        "Idempotency-Key: attack",
        "Transfer-Encoding: chunked",
    )
    for _ in range(17 * 16):
        yield b"10000\r\n" + bytes(65_536) + b"\r\n"


LINE = b'{"type":"Transfer"}\n'
DOCUMENT = "/v1/documents?kind=other"
OVERSIZED = [
    _of("oversized", "a document", _post(DOCUMENT, bytes(17 << 20))),
    Attack("oversized", "a document in chunks", _chunked),
    _of("oversized", "an act", _post("/v1/transfers", b'{"a":"' + b"x" * 300_000 + b'"}')),
    _of("oversized", "nesting", _post("/v1/transfers", b"[" * 200_000)),
    _of("oversized", "nesting of objects", _post("/v1/transfers", b'{"a":' * 40_000)),
    _of("oversized", "a number", _post("/v1/transfers", b'{"a":' + b"9" * 250_000 + b"}")),
    _of(
        "oversized",
        "names",
        _post("/v1/transfers", json.dumps(dict.fromkeys(map(str, range(20_000)), 1)).encode()),
    ),
    _of("oversized", "half a letter", _post("/v1/transfers", b'{"a":"\\ud800"}')),
    _of(
        "oversized",
        "lines",
        _post("/v1/submissions", LINE * 1_001, media_type="application/x-ndjson"),
    ),
    _of(
        "oversized",
        "bytes of lines",
        _post("/v1/submissions", LINE * 250_000, media_type="application/x-ndjson"),
    ),
]


def _packed(plain: Callable[[], Bytes]) -> bytes:
    packer = zlib.compressobj(level=9, wbits=31)
    return b"".join([*(packer.compress(piece) for piece in plain()), packer.flush()])


def _zeros() -> Bytes:
    yield from (bytes(1 << 20) for _ in range(ZEROS >> 20))


def _bombs() -> Iterator[Attack]:
    bomb = _packed(_zeros)
    path = "/v1/documents?kind=readings&meter=88.111.1/MTR.0001&period=2023-02"
    seed = "Carbon-Salt-Seed: 0x" + "5a" * 32
    for name, content in {
        "half a gigabyte": bomb,
        "a bomb in a bomb": _packed(lambda: iter([bomb])),
        "cut short": bomb[:1_000],
        "with more behind": _packed(lambda: iter([b"stamp,quantity\n"])) + b"more",
        "many one after another": _packed(lambda: iter([b"stamp,quantity\n"])) * 1_000,
    }.items():
        yield _of("bomb", name, _post(path, content, seed, media_type="text/csv"))


PATHS = [
    Attack("path", path, _sending(_head(f"GET {path} HTTP/1.1")))
    for path in (
        "/static/../api/app.py",
        "/static/..%2f..%2fpyproject.toml",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static/..%5c..%5cpyproject.toml",
        "/static//etc/passwd",
        "/static/%00",
        "/v1/documents/..%2f..%2fledger.db",
        "/v1/documents/%00",
        "/v1/reports/" + "f" * 60_000,
        "/v1/identifiers/88.111/" + "%F0%9F%92%A9" * 1_000,
        "/v1/identifiers/..%2f../x",
        "/api/handles/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/problems/..%2fproblems.json",
        "//v1//reports",
        "/v1/reports/%ff%fe",
    )
]


def _slowly(sent: bytes) -> Callable[[Target], Bytes]:
    """The beginning at once, then a byte now and then."""

    def send(target: Target) -> Bytes:
        yield sent.replace(b"$", target.token.encode())
        pause = threading.Event()
        while True:
            pause.wait(PACE_SECONDS)
            yield b"x"

    return send


SLOW = [
    Attack("slow", name, _slowly(sent))
    for name, sent in {
        "nothing": b"",
        "a line": b"GET /healthz HT",
        "a head": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "an act": _head(
            "POST /v1/transfers HTTP/1.1",
            "Authorization: Bearer $",
            "Content-Type: application/json",
            "Content-Length: 200000",
        ),
        "a document": _head(
            f"POST {DOCUMENT} HTTP/1.1", "Authorization: Bearer $", "Content-Length: 200000"
        ),
    }.items()
]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    world = World(HeldPark(tmp_path_factory.mktemp("attacked") / "park"))
    token, directory = world.park.token(CARRIER), world.park.directory
    world.park.close()
    assert (directory / "clock").read_text("ascii") >= START
    with Service(directory, directory / "clock") as service:
        yield Target(service.url(), token, service.process)


def _is_refused(target: Target, attack: Attack) -> tuple[bool, float]:
    """Whether it ended without success, and after how many seconds."""
    place = urlsplit(target.url)
    pieces = attack.send(target)
    first = next(pieces)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        started = time.monotonic()
        sending = threading.Thread(target=_send, args=(connection, first, pieces), daemon=True)
        sending.start()
        answer = _answer(connection)
        seconds = time.monotonic() - started
    return answer == b"" or b"400" <= answer[9:12] < b"500", seconds


def _send(connection: socket.socket, first: bytes, pieces: Bytes) -> None:
    try:
        connection.sendall(first)
        for piece in pieces:
            connection.sendall(piece)
    except OSError:
        return  # the other side has had enough


def _answer(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


@dataclass(frozen=True, slots=True)
class Withstood:
    """How the ledger took one attack: seconds until it was over, megabytes more than before."""

    attack: Attack
    is_refused: bool
    seconds: float
    megabytes: float


def _withstand(target: Target) -> list[Withstood]:
    withstood = []
    for attack in [*TOKENS, *SMUGGLING, *OVERSIZED, *_bombs(), *PATHS, *SLOW]:
        before = target.memory_now()
        is_refused, seconds = _is_refused(target, attack)
        megabytes = target.memory_at_most() - before
        withstood.append(Withstood(attack, is_refused, seconds, megabytes))
        assert httpx2.get(f"{target.url}/healthz", trust_env=False).is_success, attack
    told = {
        "goal": "foreign requests are refused within 2 s and 150 MB",
        "n": len(withstood),
        "violations": sum(not one.is_refused for one in withstood),
        "seconds": round(sum(one.seconds for one in withstood)),
        "worst_seconds": round(max(one.seconds for one in withstood), 2),
        "worst_megabytes": round(max(one.megabytes for one in withstood)),
    }
    print(json.dumps(told))
    return withstood


def _names(withstood: list[Withstood]) -> list[tuple[str, str, float, float]]:
    return [(one.attack.kind, one.attack.name, one.seconds, one.megabytes) for one in withstood]


@pytest.mark.slow  # a park is made and served, and slow clients take what patience there is
def test_attack_is_refused_when_the_ledger_is_served(target: Target) -> None:
    withstood = _withstand(target)
    assert _names([one for one in withstood if not one.is_refused]) == []
    assert _names([one for one in withstood if one.megabytes > MEGABYTES_MAX]) == []


@pytest.mark.heavy  # how long it takes is told by a machine that does nothing else
def test_attack_is_over_in_two_seconds_when_nothing_else_is_done(target: Target) -> None:
    assert _names([one for one in _withstand(target) if one.seconds > SECONDS_MAX]) == []
