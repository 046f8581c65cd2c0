"""The browser session: one hardened cookie, its token against forged requests, its two ends."""

import re
from typing import Any

import pytest
from httpx2 import Response

from api.requests import COOKIE
from tests.api.entrusted import send
from tests.api.world import World


class Browser:
    """What a browser keeps of a session: the cookie, and what the page was told."""

    def __init__(self, world: World, name: str = "enterprise 1") -> None:
        body = world.park.access(name)
        self.world = world
        self.opened = world.park.http.post("/v1/sessions?cookie=1", json=body)
        assert self.opened.status_code == 201, self.opened.text
        self.set_cookie = self.opened.headers["set-cookie"]
        self.cookie = self.set_cookie.partition(";")[0]
        self.csrf = self.opened.json()["csrf_token"]
        world.park.http.cookies.clear()

    def ask(self, method: str, path: str, **headers: str) -> Response:
        body = self.world.bodies["Transfer"] if method == "POST" else None
        headers = {"Cookie": self.cookie, "Idempotency-Key": "browser"} | headers
        return self.world.park.http.request(method, path, json=body, headers=headers)


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world)


def test_open_session_sets_a_cookie_that_only_this_host_sees_when_a_browser_asks(
    browser: Browser,
) -> None:
    name, value, *attributes = re.split("[=;] ?", browser.set_cookie, maxsplit=2)
    assert (name, len(value)) == (COOKIE, 43)
    assert name.startswith("__Host-")
    flags = set(attributes[0].split("; "))
    assert flags == {"Max-Age=43200", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"}
    assert "token" not in browser.opened.json()
    assert browser.opened.headers["cache-control"] == "no-store"


def test_open_session_keeps_neither_id_nor_csrf_token_when_the_rows_are_read(
    browser: Browser,
) -> None:
    path = browser.world.park.directory / "ledger.db"
    kept = path.read_bytes() + path.with_name("ledger.db-wal").read_bytes()
    assert browser.cookie.partition("=")[2].encode() not in kept
    assert browser.csrf.encode() not in kept


def test_read_shows_ones_own_when_the_cookie_comes(browser: Browser) -> None:
    answer = browser.ask("GET", "/v1/tokens")
    assert answer.status_code == 200
    assert {one["participant"] for one in answer.json()["items"]} == {"88.111/ENT.0001"}


def test_write_is_taken_when_cookie_and_csrf_token_come(held: World) -> None:
    browser = Browser(held)
    answer = browser.ask("POST", "/v1/transfers?wait=final", **{"X-CSRF-Token": browser.csrf})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
@pytest.mark.parametrize("given", [None, "", "0" * 64, "another's"])
def test_write_is_refused_when_the_csrf_token_is_not_the_sessions(
    browser: Browser, method: str, given: str | None
) -> None:
    if given == "another's":
        given = Browser(browser.world).csrf
    path = {
        "POST": "/v1/transfers",
        "DELETE": "/v1/sessions",
        "PUT": "/v1/grants/88/PARK.0001?resource=accounts&period=2023",
    }[method]
    headers = {} if given is None else {"X-CSRF-Token": given}
    answer = browser.ask(method, path, **headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "CsrfTokenWrong")


def test_log_out_ends_the_session_when_the_csrf_token_comes(browser: Browser) -> None:
    answer = browser.ask("DELETE", "/v1/sessions", **{"X-CSRF-Token": browser.csrf})
    assert answer.status_code == 204
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=; Max-Age=0;")
    after = browser.ask("GET", "/v1/tokens")
    assert (after.status_code, after.json()["facts"]) == (401, {"reason": "revoked"})


def test_log_out_is_refused_when_no_cookie_comes(world: World) -> None:
    answer = send(world, "DELETE", "/v1/sessions", world.park.token("enterprise 1"))
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")


def test_read_is_refused_when_cookie_and_token_come_together(browser: Browser) -> None:
    bearer = f"Bearer {browser.world.park.token('enterprise 1')}"
    answer = browser.ask("GET", "/v1/tokens", Authorization=bearer)
    assert (answer.status_code, answer.json()["facts"]) == (401, {"reason": "ambiguous"})


def test_read_is_refused_when_two_cookies_of_that_name_come(browser: Browser) -> None:
    two = f"{browser.cookie}; {browser.cookie}"
    answer = browser.ask("GET", "/v1/tokens", Cookie=two)
    assert (answer.status_code, answer.json()["facts"]) == (401, {"reason": "ambiguous"})


@pytest.mark.parametrize("cookie", [f"{COOKIE}=", f"{COOKIE}=x", f"{COOKIE}={'a' * 4000}"])
def test_read_is_refused_when_the_cookie_opens_nothing(world: World, cookie: str) -> None:
    answer = world.park.http.get("/v1/tokens", headers={"Cookie": cookie})
    assert (answer.status_code, answer.json()["facts"]) == (401, {"reason": "unknown"})


def test_read_takes_the_cookie_away_when_its_session_has_ended(browser: Browser) -> None:
    """Else every page would be refused for as long as the browser keeps the cookie."""
    browser.ask("DELETE", "/v1/sessions", **{"X-CSRF-Token": browser.csrf})
    answer = browser.ask("GET", "/v1/assets")
    assert answer.status_code == 401
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=; Max-Age=0;")


@pytest.mark.parametrize("cookie", ["carbonledger=x", f"x{COOKIE}=x", f"{COOKIE.lower()}=x"])
def test_read_is_anonymous_when_the_cookie_has_another_name(world: World, cookie: str) -> None:
    answer = world.park.http.get("/v1/tokens", headers={"Cookie": cookie})
    assert answer.json()["code"] == "TokenMissing"


def test_open_session_is_answered_when_an_old_cookie_still_comes(browser: Browser) -> None:
    world = browser.world
    browser.ask("DELETE", "/v1/sessions", **{"X-CSRF-Token": browser.csrf})
    body = world.park.access("enterprise 1")
    headers = {"Cookie": browser.cookie}
    again = world.park.http.post("/v1/sessions?cookie=1", json=body, headers=headers)
    world.park.http.cookies.clear()
    assert again.status_code == 201


def test_open_session_is_refused_when_the_access_opened_a_token_before(world: World) -> None:
    body = world.park.access("enterprise 1")
    assert world.park.http.post("/v1/sessions", json=body).status_code == 201
    again = world.park.http.post("/v1/sessions?cookie=1", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "ActAlreadyMade")


def test_open_session_is_refused_when_cookie_is_neither_one_nor_absent(world: World) -> None:
    body: dict[str, Any] = world.park.access("enterprise 1")
    answer = world.park.http.post("/v1/sessions?cookie=yes", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")


def test_read_is_refused_when_half_an_hour_passed_without_a_request(held: World) -> None:
    browser = Browser(held)
    held.park.set_time(held.park.in_hours(0.4))
    assert browser.ask("GET", "/v1/tokens").status_code == 200
    held.park.ledger.writer.commit(lambda _: None)  # what was noted before stands now
    held.park.ledger.credentials.gate._viewers.clear()  # as five seconds later
    held.park.set_time(held.park.in_hours(0.4))
    assert browser.ask("GET", "/v1/tokens").status_code == 200
    held.park.set_time(held.park.in_hours(0.6))
    answer = browser.ask("GET", "/v1/tokens")
    assert (answer.status_code, answer.json()["facts"]) == (401, {"reason": "expired"})


def test_read_is_refused_when_twelve_hours_passed_however_busy(held: World) -> None:
    browser = Browser(held)
    for _ in range(25):
        assert browser.ask("GET", "/v1/tokens").status_code == 200
        held.park.ledger.writer.commit(lambda _: None)
        held.park.ledger.credentials.gate._viewers.clear()
        held.park.set_time(held.park.in_hours(0.49))
    answer = browser.ask("GET", "/v1/tokens")
    assert (answer.status_code, answer.json()["facts"]) == (401, {"reason": "expired"})
