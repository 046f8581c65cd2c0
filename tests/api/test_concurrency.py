"""Many at once over real sockets: one effect, one answer."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx2
import pytest

from tests.api.world import World
from tests.park import CARRIER

THREADS = 8


def _at_once(post: Callable[[int], httpx2.Response]) -> list[httpx2.Response]:
    barrier = Barrier(THREADS)

    def run(number: int) -> httpx2.Response:
        barrier.wait()
        return post(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def _post(world: World, url: str, noun: str, *, keys: list[str]) -> list[httpx2.Response]:
    body = world.bodies[{"transfers": "Transfer", "deliveries": "Delivery"}[noun]]
    token = world.park.headers(CARRIER)
    with httpx2.Client(headers=token, base_url=url, trust_env=False, timeout=30) as client:
        return _at_once(
            lambda number: client.post(
                f"/v1/{noun}", json=body, headers={"Idempotency-Key": keys[number]}
            )
        )


@pytest.mark.parametrize("noun", ["transfers", "deliveries"])
def test_post_gives_everybody_the_same_bytes_when_the_key_is_the_same(
    held: World, held_url: str, noun: str
) -> None:
    answers = _post(held, held_url, noun, keys=["same"] * THREADS)
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    replayed = [answer.headers.get("Idempotent-Replayed") for answer in answers]
    assert Counter(replayed) == {"true": THREADS - 1, None: 1}
    assert answers[0].is_success


def test_post_moves_the_quota_once_when_the_key_is_the_same(held: World, held_url: str) -> None:
    _post(held, held_url, "transfers", keys=["same"] * THREADS)
    held.park.post("Transfer", held.bodies["Transfer"], key="same")
    (holding,) = held.park.get("/v1/accounts/88.111/ENT.0001")["holdings"]
    assert (holding["available"], holding["sent"]) == (840, 110)


def test_post_accepts_exactly_one_when_the_keys_differ(held: World, held_url: str) -> None:
    answers = _post(held, held_url, "transfers", keys=[f"key-{n}" for n in range(THREADS)])
    accepted = [answer for answer in answers if answer.status_code == 202]
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert (len(accepted), len(refused)) == (1, THREADS - 1)
    act_id = accepted[0].json()["id"]
    for told in refused:
        assert (told["code"], told["facts"]["id"]) == ("NonceUsed", act_id)
        assert told["facts"]["state"] in ("accepted", "sent", "final")


def test_wait_holds_no_thread_when_more_wait_than_there_are_threads(
    held: World, held_url: str
) -> None:
    held.park.hold()
    headers = held.park.headers(CARRIER) | {"Idempotency-Key": "waited-for"}
    waiting = 48  # Starlette's pool has 40 threads
    with (
        httpx2.Client(base_url=held_url, trust_env=False, timeout=30) as client,
        ThreadPoolExecutor(waiting) as pool,
    ):
        path = "/v1/transfers?wait=final&wait_seconds=30"
        body = held.bodies["Transfer"]
        answers = [
            pool.submit(client.post, path, json=body, headers=headers) for _ in range(waiting)
        ]
        while len(held.park.ledger.settlements) < waiting:
            pass
        assert client.get("/healthz").status_code == 200
        held.park.release()
        told = [answer.result() for answer in answers]
    assert {answer.status_code for answer in told} == {200}
    assert {answer.json()["state"] for answer in told} == {"final"}
