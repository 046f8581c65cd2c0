"""How often and when a request is repeated; nothing is sent anywhere."""

import httpx2
import pytest

from api.client import Patience, ProblemAnswered, ServiceUnavailable
from api.client.exchange import Exchange
from tests.api.client.unreliable import Unreliable, answered

FULL = {"code": "OutboxFull", "status": 503, "facts": {"limit": 7}}
OKAY = answered(200, {"fine": True})
URL = "http://127.0.0.1:9"


def _exchange(transport: Unreliable, naps: list[float]) -> Exchange:
    return Exchange(URL, transport=transport, sleep=naps.append, chance=lambda: 0.5)


def test_send_waits_as_long_as_it_is_told_when_the_service_says_so(
    transport: Unreliable, naps: list[float]
) -> None:
    transport.fail("/a", answered(503, FULL, Retry_After="3"), answered(429, FULL), OKAY)
    assert _exchange(transport, naps).send("GET", "/a").json() == {"fine": True}
    assert naps == [3, pytest.approx(0.3)]


def test_send_raises_at_once_when_the_wait_would_be_too_long(
    transport: Unreliable, naps: list[float]
) -> None:
    transport.fail("/a", answered(429, FULL, Retry_After="11"))
    with pytest.raises(ProblemAnswered):
        _exchange(transport, naps).send("GET", "/a")
    assert naps == []


def test_send_raises_the_problem_when_it_stays(transport: Unreliable, naps: list[float]) -> None:
    transport.fail("/a", *[answered(503, FULL)] * 5)
    with pytest.raises(ProblemAnswered) as refused:
        _exchange(transport, naps).send("GET", "/a")
    assert (refused.value.code, len(naps)) == ("OutboxFull", 4)


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_send_asks_once_when_repeating_changes_nothing(
    transport: Unreliable, naps: list[float], status: int
) -> None:
    transport.fail("/a", answered(status, FULL | {"status": status}))
    with pytest.raises(ProblemAnswered) as refused:
        _exchange(transport, naps).send("GET", "/a")
    assert (refused.value.status, naps) == (status, [])


@pytest.mark.parametrize("body", [None, "<html>", {"error": 1}, {"code": 7}])
def test_send_says_unavailable_when_another_than_the_service_answers(
    transport: Unreliable, naps: list[float], body: object
) -> None:
    transport.fail("/a", *[answered(502, body)] * 5)
    with pytest.raises(ServiceUnavailable) as refused:
        _exchange(transport, naps).send("GET", "/a")
    assert refused.value.reason == "HTTP 502"


@pytest.mark.parametrize("text", ["soon", "-1", "1e9", "99999999999999999999"])
def test_send_pauses_by_itself_when_the_wait_told_is_no_number(
    transport: Unreliable, naps: list[float], text: str
) -> None:
    transport.fail("/a", answered(503, FULL, Retry_After=text), OKAY)
    _exchange(transport, naps).send("GET", "/a")
    assert naps == [pytest.approx(0.15)]


def test_send_says_unavailable_when_the_address_is_none(naps: list[float]) -> None:
    exchange = Exchange("http://", transport=httpx2.HTTPTransport(), sleep=naps.append)
    with pytest.raises(ServiceUnavailable):
        exchange.send("GET", "/a")


def test_send_asks_in_a_language_when_one_was_chosen(transport: Unreliable) -> None:
    seen: list[str] = []

    def fault(request: httpx2.Request, _real: httpx2.BaseTransport) -> httpx2.Response:
        seen.append(request.headers["accept-language"])
        return httpx2.Response(200, json={})

    transport.fail("/a", fault)
    Exchange(URL, language="zh", transport=transport).send("GET", "/a")
    assert seen == ["zh"]


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"),
    [(1, 0.0, 0.1), (1, 0.5, pytest.approx(0.15)), (2, 0.0, 0.2), (4, 0.0, 0.8), (5, 0.0, None)],
)
def test_pause_grows_up_to_the_last_attempt_when_nothing_is_told(
    attempt: int, chance: float, seconds: float | None
) -> None:
    assert Patience().pause(attempt, asked=None, chance=chance) == seconds


def test_pause_is_bounded_when_attempts_are_many() -> None:
    pauses = [Patience(attempts_max=99).pause(50, asked=None, chance=one) for one in (0, 0.99)]
    assert pauses == [5, pytest.approx(9.95)]
