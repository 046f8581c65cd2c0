"""One act, one effect, one answer: however often it is asked for, under kills and lost answers."""

import http.client
import json
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from api.nouns import NOUN_OF
from tests.kills.harness import Victims, assert_whole
from tests.messages import evidence
from tests.park import CARRIER, Park, settle_in

# Thousands of requests and a start of the service after each kill.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

CLIENTS = 16
REPEATS_MAX = 5
DROPPED_SHARE, OTHER_KEY_SHARE = 0.3, 0.25
PATIENCE_SECONDS, AGAIN_SECONDS = 20, 0.05
FRESH_SEED = random.SystemRandom().randrange(2**32)


@dataclass(frozen=True)
class Sending:
    """One time that a request is sent; `is_dropped`: nobody waits for its answer."""

    noun: str
    body: bytes
    key: str
    act_id: str
    is_dropped: bool


@dataclass
class Answers:
    """What was answered: by act and key, each status with body, as often as it came."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    by_key: dict[str, dict[str, set[tuple[int, bytes]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    dropped: int = 0

    def note(self, sending: Sending, status: int, body: bytes) -> None:
        with self.lock:
            self.by_key[sending.act_id][sending.key].add((status, body))


@pytest.fixture
def park(tmp_path: Path) -> Iterator[Park]:
    """A park whose enterprise may register and report, closed: its directory is the victims'."""
    park = Park(tmp_path / "park")
    settle_in(park)
    park.close()
    yield park


@pytest.fixture
def victims(park: Park) -> Iterator[Victims]:
    victims = Victims(park.directory)
    yield victims
    victims.end()


def _acts(park: Park, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Acts of which each is valid whatever became of the others: registrations and evidence."""
    for number in range(count // 2):
        message = {
            "parent": "88.111.1",
            "label": f"FAC.{1000 + number}",
            "is_prefix": False,
            "kind": "facility",
            "owner": "88.111/ENT.0001",
            "record": None,
        }
        yield "Registration", park.envelope("Registration", message, signer="enterprise 1")
    for number in range(count - count // 2):
        month = f"{2010 + number // 24}-{number % 12 + 1:02}"
        owner = number // 12 % 2 + 1
        message = evidence(facility=f"88.111.{owner}/FAC.0001", period=month, month=month)
        yield "Evidence", park.envelope("Evidence", message, signer=f"enterprise {owner}")


def _sendings(park: Park, count: int, chance: random.Random) -> list[Sending]:
    """Each act 1 to 5 times under its key, now and then under another, in any order."""
    sendings = []
    for message_type, envelope in _acts(park, count):
        act_id = park.id_of(message_type, envelope["message"])
        noun, body = NOUN_OF[message_type], json.dumps(envelope).encode()
        keys = [act_id[2:50]] * chance.randint(1, REPEATS_MAX)
        if chance.random() < OTHER_KEY_SHARE:
            keys.append("other-" + act_id[2:50])
        for number, key in enumerate(keys):
            # The first of an act is never dropped, so that everybody is answered once.
            is_dropped = number > 0 and chance.random() < DROPPED_SHARE
            sendings.append(Sending(noun, body, key, act_id, is_dropped))
    chance.shuffle(sendings)
    return sendings


class Clients:
    """Sends everything, from many threads at once, each until it is answered."""

    def __init__(self, park: Park, sendings: list[Sending]) -> None:
        self._address = park.directory / "service.json"
        self._headers = {"Content-Type": "application/json", **park.headers(CARRIER)}
        self._sendings = sendings
        self._pause = threading.Event()
        self.answers = Answers()

    def send_all(self) -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(self._send, self._sendings))

    def _send(self, sending: Sending) -> None:
        for _ in range(int(PATIENCE_SECONDS / AGAIN_SECONDS)):
            try:
                if self._try(sending):
                    return
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                pass  # killed before, while, or after it took the request in: ask again
            self._pause.wait(AGAIN_SECONDS)
        raise AssertionError(f"never answered: {sending.key}")

    def _try(self, sending: Sending) -> bool:
        port = int(json.loads(self._address.read_text("utf-8"))["url"].rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        try:
            headers = self._headers | {"Idempotency-Key": sending.key}
            connection.request("POST", f"/v1/{sending.noun}", sending.body, headers)
            if sending.is_dropped:
                self.answers.dropped += 1
                return True
            answer = connection.getresponse()
            self.answers.note(sending, answer.status, answer.read())
            return True
        finally:
            connection.close()


def _restart_until(
    done: threading.Event, victims: Victims, chance: random.Random, *, most: int
) -> int:
    """Kill and start again while the clients are at it; how often."""
    kills = 0
    while kills < most and not done.wait(chance.uniform(0.1, 1.0)):
        victims.kill()
        victims.start()
        kills += 1
    return kills


def _assert_one_answer(answers: Answers) -> dict[str, tuple[str, bytes]]:
    """Of each act one key was accepted and always with the same bytes; that key and those bytes."""
    accepted: dict[str, tuple[str, bytes]] = {}
    for act_id, by_key in answers.by_key.items():
        winners = [key for key, told in by_key.items() if any(status == 202 for status, _ in told)]
        assert len(winners) <= 1, by_key
        for key, told in by_key.items():
            if key in winners:
                assert len(told) == 1, told
                accepted[act_id] = key, next(iter(told))[1]
                continue
            for status, body in told:
                refused = json.loads(body)
                assert (status, refused["facts"]["id"]) == (409, act_id), refused
    return accepted


@pytest.mark.parametrize(
    ("seed", "count", "kills"),
    [
        (20260101, 150, 4),
        pytest.param(FRESH_SEED, 2000, 40, marks=pytest.mark.heavy),
    ],
    ids=["fixed", "heavy"],
)
def test_post_has_one_effect_and_one_answer_when_it_is_repeated_under_kills(
    park: Park,
    victims: Victims,
    seed: int,
    count: int,
    kills: int,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(seed)
    sendings = _sendings(park, count, chance)
    clients = Clients(park, sendings)
    victims.start()
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        restarting = pool.submit(_restart_until, done, victims, chance, most=kills)
        clients.send_all()
        done.set()
        killed = restarting.result()
    victims.kill()
    accepted = _assert_one_answer(clients.answers)
    everything = {sending.act_id for sending in sendings}
    record_property(
        "told",
        f"seed {seed}: {len(everything)} acts, {len(sendings)} sendings, "
        f"{clients.answers.dropped} dropped, {killed} kills",
    )
    assert killed > 0
    assert set(clients.answers.by_key) == everything
    assert_whole(park, sorted(everything))
    _assert_the_same_again(park, accepted, sendings)


def _assert_the_same_again(
    park: Park, accepted: dict[str, tuple[str, bytes]], sendings: list[Sending]
) -> None:
    """The answer is kept: asked for once more, long after, it is the same bytes."""
    park.open()
    by_act = {sending.act_id: sending for sending in sendings}
    for act_id, (key, body) in accepted.items():
        sending = by_act[act_id]
        again = park.http.post(
            f"/v1/{sending.noun}",
            content=sending.body,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": key,
                **park.headers(CARRIER),
            },
        )
        assert (again.status_code, again.content) == (202, body)
        assert again.headers["Idempotent-Replayed"] == "true"
    park.close()
