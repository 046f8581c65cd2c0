"""Too many requests are refused for whoever sends them, and for nobody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.limits import Buckets
from ledger.errors import RateLimited
from ledger.settings import Limits
from tests.api.world import World
from tests.park import READ

FEW = Limits(participant_per_second=1, participant_burst=5, address_per_second=1, address_burst=3)


@pytest.fixture
def narrow(world: World) -> Iterator[TestClient]:
    """The world's API with few requests for everybody."""
    app = create_app(world.park.ledger, FEW)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def _statuses(client: TestClient, count: int, **request: Any) -> list[int]:
    return [client.get("/v1/assets", **request).status_code for _ in range(count)]


def test_read_is_refused_when_an_address_asks_more_than_it_may(narrow: TestClient) -> None:
    assert _statuses(narrow, 4) == [200, 200, 200, 429]
    answer = narrow.get("/v1/assets")
    assert answer.json()["code"] == "RateLimited"
    assert answer.json()["facts"] == {"retry_after_seconds": 1}
    assert answer.headers["retry-after"] == "1"


def test_read_is_refused_when_a_token_asks_more_than_it_may(
    world: World, narrow: TestClient
) -> None:
    mine = world.park.headers("enterprise 1")
    assert _statuses(narrow, 6, headers=mine) == [200] * 5 + [429]
    others = world.park.headers("enterprise 2")
    assert _statuses(narrow, 1, headers=others) == [200]
    assert _statuses(narrow, 1) == [200]


def test_read_is_refused_when_a_participants_tokens_together_ask_more_than_it_may(
    world: World, narrow: TestClient
) -> None:
    park = world.park
    tokens = [park.token("enterprise 1"), park.token("enterprise 1", scopes=READ)]
    statuses = [
        narrow.get("/v1/assets", headers={"Authorization": f"Bearer {token}"}).status_code
        for token in tokens * 3
    ]
    assert statuses == [200] * 5 + [429]


@pytest.mark.parametrize("acts", [1, 3])
def test_post_counts_five_requests_an_act_when_it_is_taken_or_not(
    world: World, narrow: TestClient, acts: int
) -> None:
    headers = world.park.headers("enterprise 2")
    if acts == 1:
        told = narrow.post("/v1/transfers", headers=headers, content=b"{}")
    else:
        headers |= {"Content-Type": "application/x-ndjson"}
        told = narrow.post("/v1/submissions", headers=headers, content=b"{}\n" * acts)
    assert told.status_code != 429
    refused = narrow.get("/v1/assets", headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, str(5 * acts - 4))


def test_guess_token_is_refused_when_an_address_guesses_often(narrow: TestClient) -> None:
    headers = {"Authorization": "Bearer clt_x"}
    assert _statuses(narrow, 4, headers=headers) == [401, 401, 401, 429]


def test_read_counts_the_connection_when_another_address_is_claimed(narrow: TestClient) -> None:
    claimed = [
        {"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"}
        for number in range(4)
    ]
    statuses = [narrow.get("/v1/assets", headers=headers).status_code for headers in claimed]
    assert statuses == [200, 200, 200, 429]


def test_ask_health_is_answered_when_an_address_asked_too_much(narrow: TestClient) -> None:
    _statuses(narrow, 4)
    assert narrow.get("/healthz").status_code == 200


def test_take_fills_with_time_when_a_bucket_was_empty() -> None:
    buckets = Buckets(per_second=2, burst=4)
    for _ in range(4):
        buckets.take("a", now=0.0)
    with pytest.raises(RateLimited):
        buckets.take("a", now=0.4)
    buckets.take("a", now=0.5)
    with pytest.raises(RateLimited):
        buckets.take("a", now=0.5)


def test_take_holds_no_more_than_the_burst_when_nobody_asked_for_long() -> None:
    buckets = Buckets(per_second=1, burst=2)
    buckets.take("a", now=0.0)
    for _ in range(2):
        buckets.take("a", now=1e6)
    with pytest.raises(RateLimited) as refused:
        buckets.take("a", now=1e6)
    assert refused.value.retry_after_seconds == 1


def test_take_remembers_a_bounded_number_when_names_never_end() -> None:
    buckets = Buckets(per_second=1, burst=2)
    for number in range(20_010):
        buckets.take(str(number), now=0.0)
    assert len(buckets._buckets) == 20_000
