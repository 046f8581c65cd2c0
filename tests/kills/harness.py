"""Kills a loaded service and starts it again; clients go on asking until they are answered."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from api.nouns import NOUN_OF
from ledger.mirror.rebuild import rebuild
from ledger.mirror.reconcile import reconcile
from tests.kept_rows import broken_kept_rows
from tests.kills.victim import WINDOWS
from tests.messages import evidence, transfer
from tests.park import CARRIER, Park
from tests.recorded import events_by_id, reader_of

CLIENTS = 8
# A client pauses between acts, so that a thousand kills leave a chain that is still compared soon.
_BETWEEN_SECONDS, _AGAIN_SECONDS = 0.2, 0.02
_READY_SECONDS = 30.0
_GONE = (httpx2.TransportError, FileNotFoundError, json.JSONDecodeError)


class Victims:
    """Services forked from one process that has imported everything."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._marks = directory / "marks"
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.kills.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process = 0

    def start(self, *, fatal: str | None = None) -> None:
        """Start a service and wait until it answers, or until its fatal window took it."""
        self._marks.write_bytes(bytes(len(WINDOWS)))
        (self._directory / "service.json").unlink(missing_ok=True)
        wanted = {"directory": str(self._directory), "marks": str(self._marks), "fatal": fatal}
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(wanted) + "\n")
        self._zygote.stdin.flush()
        self._process = int(self._zygote.stdout.readline())
        _wait(lambda: not self.is_alive() or (self._directory / "service.json").exists())

    def kill(self) -> list[str]:
        """SIGKILL now; the windows that some thread was in."""
        marks = self._marks.read_bytes()
        os.kill(self._process, signal.SIGKILL)
        _wait(lambda: not self.is_alive())
        return [name for name, mark in zip(WINDOWS, marks, strict=True) if mark] or ["idle"]

    def is_alive(self) -> bool:
        try:
            os.kill(self._process, 0)
        except ProcessLookupError:
            return False
        return True

    def wait_until_dead(self) -> None:
        _wait(lambda: not self.is_alive())

    def end(self) -> None:
        if self.is_alive():
            self.kill()
        with self._zygote as zygote:
            zygote.kill()


def _wait(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(_READY_SECONDS / 0.005)):
        if is_so():
            return
        pause.wait(0.005)
    raise AssertionError("waited in vain")


@dataclass
class Load:
    """Clients that post acts one after another, each until it is acknowledged."""

    park: Park
    stopping: threading.Event = field(default_factory=threading.Event)
    acknowledged: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def start(self) -> list[threading.Thread]:
        threads = [
            threading.Thread(target=self._run, args=(acts,), daemon=True)
            for acts in self._scripts()
        ]
        for thread in threads:
            thread.start()
        return threads

    def wait_for_more(self, count: int) -> None:
        """Wait until that many more are acknowledged, or a client failed."""
        wanted = len(self.acknowledged) + count
        _wait(lambda: len(self.acknowledged) >= wanted or self.stopping.is_set())

    def _scripts(self) -> list[Iterator[tuple[str, dict[str, Any]]]]:
        anchors = [self._anchors(2030 + number) for number in range(CLIENTS - 2)]
        return [*anchors, self._transfers(1, 2), self._transfers(2, 1)]

    def _anchors(self, year: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Evidence on one figure, each following the one before."""
        follows = "0x" + "00" * 32
        while True:
            message = evidence(period=str(year), month=f"{year}-01", follows=follows)
            body = self.park.envelope("Evidence", message, signer="enterprise 1")
            follows = self.park.id_of("Evidence", body["message"])
            yield "Evidence", body

    def _transfers(self, giver: int, taker: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """One tonne at a time out of one holding."""
        nonce = 0
        while True:
            nonce += 1
            message = transfer(
                **{"from": f"88.111/ENT.000{giver}", "to": f"88.111/ENT.000{taker}"},
                tonnes=1,
                nonce=nonce,
            )
            yield "Transfer", self.park.envelope("Transfer", message, signer=f"enterprise {giver}")

    def _run(self, acts: Iterator[tuple[str, dict[str, Any]]]) -> None:
        with httpx2.Client(timeout=5, trust_env=False) as client:
            for message_type, body in acts:
                while not self._is_taken(client, message_type, body):
                    if self.stopping.wait(_AGAIN_SECONDS):
                        return
                if self.stopping.wait(_BETWEEN_SECONDS):
                    return

    def _is_taken(self, client: httpx2.Client, message_type: str, body: dict[str, Any]) -> bool:
        """True once acknowledged; a lost answer is asked for again under the same key."""
        key = self.park.id_of(message_type, body["message"])[2:60]
        try:
            url = json.loads((self.park.directory / "service.json").read_text())["url"]
            answer = client.post(
                f"{url}/v1/{NOUN_OF[message_type]}",
                json=body,
                headers={"Idempotency-Key": key} | self.park.headers(CARRIER),
            )
        except _GONE:
            return False
        if answer.status_code == 202:
            self.acknowledged.append(answer.json()["id"])
            return True
        self.failures.append(f"{message_type} {answer.status_code} {answer.text[:300]}")
        self.stopping.set()
        return False


def kill_at_random(
    victims: Victims,
    load: Load,
    *,
    kills: int,
    seed: int,
    windows: tuple[str, ...] = WINDOWS,
) -> tuple[int, Counter[str]]:
    """Kill that often at random moments under load; the kills, and how many hit each window.

    Chance may leave a short window out: then it goes on, up to twice as many.
    """
    moments = random.Random(seed)
    hits: Counter[str] = Counter()
    done = 0
    while done < kills or (done < 2 * kills and not all(hits[window] for window in windows)):
        done += 1
        victims.start()
        load.wait_for_more(1)
        load.stopping.wait(moments.uniform(0, 0.3))
        hits.update(victims.kill())
    return done, hits


def assert_whole(park: Park, acknowledged: list[str]) -> None:
    """After a plain restart: each acknowledged act is on chain once, mirror = rebuild = chain.

    And every kept row has its MAC: they are written by one transaction.
    """
    park.open()
    for act_id in dict.fromkeys(acknowledged):
        _wait_until_final(park, act_id)
    counts = events_by_id(reader_of(park))
    assert {act_id: counts[act_id] for act_id in acknowledged} == dict.fromkeys(acknowledged, 1)
    assert max(counts.values()) == 1
    ledger = park.ledger
    differences = reconcile(ledger.store, reader_of(park), ledger.manifest).differences
    assert differences == ()
    rebuild(ledger.store, reader_of(park), ledger.manifest)
    differences = reconcile(ledger.store, reader_of(park), ledger.manifest).differences
    assert differences == ()
    assert broken_kept_rows(ledger.store, park.service_keys.row_mac) == []
    park.close()


def _wait_until_final(park: Park, act_id: str) -> None:
    for _ in range(3000):
        submission = park.get(f"/v1/submissions/{act_id}")
        assert submission["refusal"] is None, submission
        if submission["state"] == "final":
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{act_id} never became final")
