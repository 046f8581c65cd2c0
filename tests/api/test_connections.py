"""Whoever is slow, long-winded or sends two things as one is cut off, and holds nobody else up."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx2
import pytest

from api.connections import HEAD_BYTES_MAX, HEAD_SECONDS
from tests.api.world import World
from tests.park import CARRIER

pytestmark = pytest.mark.slow  # two seconds each is how long the service waits

WITHIN_SECONDS = 10.0  # only that it ends; how soon is the protocol's constant


@contextmanager
def _connected(url: str) -> Iterator[socket.socket]:
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=WITHIN_SECONDS) as one:
        yield one


def _rest(one: socket.socket) -> bytes:
    """What still comes until the other side closes."""
    told = b""
    try:
        while chunk := one.recv(65_536):
            told += chunk
    except ConnectionResetError:
        pass
    return told


def _head(world: World, *headers: str, path: str = "/v1/transfers") -> bytes:
    token = world.park.token(CARRIER)
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *headers]
    return "\r\n".join([*lines, "Idempotency-Key: slow", "", ""]).encode()


def test_connect_is_closed_when_nothing_is_asked(url: str) -> None:
    with _connected(url) as one:
        started = time.monotonic()
        assert _rest(one) == b""
        assert time.monotonic() - started >= HEAD_SECONDS * 0.9


def test_connect_is_closed_when_the_head_never_ends(url: str) -> None:
    with _connected(url) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert _rest(one) == b""


def test_connect_is_closed_when_the_second_head_never_ends(url: str) -> None:
    with _connected(url) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HT")
        assert _rest(one).count(b"200 OK") == 1


def test_connect_is_closed_when_the_head_is_too_long(url: str) -> None:
    with _connected(url) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nX: " + b"x" * (HEAD_BYTES_MAX + 1))
        assert _rest(one) == b""


@pytest.mark.parametrize("sent", [b"", b"{", b"{" + b" " * 1_000])
def test_post_is_refused_when_the_body_stops(world: World, url: str, sent: bytes) -> None:
    with _connected(url) as one:
        head = _head(world, "Content-Type: application/json", "Content-Length: 100000")
        one.sendall(head + sent)
        told = one.recv(65_536)
        while b"}" not in told and (more := one.recv(65_536)):  # head and body may come apart
            told += more
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"RequestSlow"' in told


def test_post_is_refused_before_its_end_when_the_body_is_too_long(world: World, url: str) -> None:
    with _connected(url) as one:
        one.sendall(_head(world, "Content-Type: application/json", "Content-Length: 999999999"))
        one.sendall(b" " * (256 * 1024 + 1))
        told = one.recv(65_536)
    assert told.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: xchunked",),
        ("Content-Length: +5",),
        ("Content-Length : 5",),
    ],
)
def test_post_answers_one_request_at_most_when_two_are_hidden_in_it(
    world: World, url: str, headers: tuple[str, ...]
) -> None:
    hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with _connected(url) as one:
        one.sendall(_head(world, *headers) + b"0\r\n\r\n" + hidden)
        one.shutdown(socket.SHUT_WR)
        told = _rest(one)
    assert b'"alive"' not in told
    assert b" 20" not in told.split(b"\r\n")[0]


def test_get_is_answered_at_once_when_fifty_others_are_slow(url: str) -> None:
    place = urlsplit(url)
    slow = [socket.create_connection((place.hostname, place.port)) for _ in range(50)]
    for one in slow:
        one.sendall(b"GET /heal")
    assert httpx2.get(f"{url}/healthz", trust_env=False, timeout=1).status_code == 200
    for one in slow:
        one.close()
