"""HTTP requests at their times, from a process of its own: its work is not the service's."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PATIENCE_SECONDS = 30.0
_HEAD_START_SECONDS = 0.3  # until the process has its requests
_DRIP_SECONDS = 0.3  # between two bytes of a head that never ends


@dataclass(frozen=True, slots=True)
class Shot:
    """A request as it goes over the wire, so many seconds after the start; the act it brings."""

    at: float
    raw: bytes
    act: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it: the status (0: no answer), and seconds since it should have been sent."""

    act: str | None
    status: int
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)


class Shooter:
    """One process that sends; what it was told comes as a promise."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def shoot(self, port: int, shots: Sequence[Shot]) -> "Future[list[Told]]":
        """Send each at its time, however long others take."""
        begin = time.monotonic() + _HEAD_START_SECONDS
        return self._pool.submit(_run, port, list(shots), begin)

    def drip(self, port: int, *, sockets: int, seconds: float) -> "Future[int]":
        """Hold so many connections by heads that come slowly; how often one was closed on us."""
        begin = time.monotonic() + _HEAD_START_SECONDS
        return self._pool.submit(_drip, port, sockets, begin + seconds)


@contextmanager
def shooters(count: int) -> Iterator[list[Shooter]]:
    """So many processes, started before anything is timed."""
    spawn = multiprocessing.get_context("spawn")
    pools = [ProcessPoolExecutor(1, mp_context=spawn) for _ in range(count)]
    try:
        for pool in pools:
            pool.submit(time.monotonic).result()
        yield [Shooter(pool) for pool in pools]
    finally:
        for pool in pools:
            pool.shutdown()


def _run(port: int, shots: list[Shot], begin: float) -> list[Told]:
    return asyncio.run(_Player(port, begin).play(shots))


def _drip(port: int, sockets: int, ends: float) -> int:
    return asyncio.run(_drip_all(port, sockets, ends))


@dataclass
class _Player:
    port: int
    begin: float
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def play(self, shots: list[Shot]) -> list[Told]:
        told = await asyncio.gather(*[self._told(shot) for shot in shots])
        for _, writer in self.idle:
            writer.close()
        return told

    async def _told(self, shot: Shot) -> Told:
        due = self.begin + shot.at
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status, headers = await self._answer(shot.raw)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            status, headers = 0, {}
        return Told(shot.act, status, time.monotonic() - due, headers)

    async def _answer(self, raw: bytes) -> tuple[int, dict[str, str]]:
        """As every client does it: a kept connection may have been closed, a new one may not."""
        while self.idle:
            with suppress(OSError, asyncio.IncompleteReadError):
                return await self._ask(*self.idle.pop(), raw)
        return await self._ask(*await asyncio.open_connection("127.0.0.1", self.port), raw)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes
    ) -> tuple[int, dict[str, str]]:
        writer.write(raw)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        headers = {name.lower(): value for name, _, value in pairs}
        await reader.readexactly(int(headers["content-length"]))
        self.idle.append((reader, writer))
        return int(first.split(" ")[1]), headers


async def _drip_all(port: int, sockets: int, ends: float) -> int:
    return sum(await asyncio.gather(*[_drip_one(port, ends) for _ in range(sockets)]))


async def _drip_one(port: int, ends: float) -> int:
    closed = 0
    while time.monotonic() < ends:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
            while time.monotonic() < ends and not writer.is_closing():
                await asyncio.sleep(_DRIP_SECONDS)
                writer.write(b"x")
                await writer.drain()
            writer.close()
        closed += time.monotonic() < ends
    return closed
