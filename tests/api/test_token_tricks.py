"""Nobody comes in by the side: headers, addresses and texts that look like credentials."""

import logging
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from ledger.access.tokens import Token, parse_token
from tests.api.entrusted import invite, send, settle
from tests.api.world import World

PATH = "/v1/tokens"


def _with(url: str, headers: list[tuple[str, str]], path: str = PATH) -> Any:
    with httpx2.Client(base_url=url, trust_env=False, timeout=20) as client:
        return client.get(path, headers=httpx2.Headers(headers))


def _reason(answer: Any) -> tuple[int, Any]:
    return answer.status_code, answer.json()["facts"]


def test_read_is_refused_when_two_authorization_headers_come(world: World, url: str) -> None:
    mine, others = (world.park.headers(name) for name in ("enterprise 1", "enterprise 2"))
    both = [("Authorization", one["Authorization"]) for one in (mine, others)]
    assert _reason(_with(url, both)) == (401, {"reason": "ambiguous"})
    assert _reason(_with(url, [both[0], both[0]])) == (401, {"reason": "ambiguous"})


@pytest.mark.parametrize(
    "name",
    ["token", "access_token", "authorization", "Authorization", "auth", "api_key"],
)
def test_read_is_anonymous_when_the_token_stands_in_the_url(world: World, name: str) -> None:
    token = world.park.token("enterprise 1")
    answer = send(world, "GET", PATH, None, params={name: f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")


@pytest.mark.parametrize(
    "name",
    [
        "X-Authorization",
        "Proxy-Authorization",
        "X-Forwarded-Authorization",
        "X-Forwarded-User",
        "X-Original-Authorization",
        "Auth",
        "Authorization_",
    ],
)
def test_read_is_anonymous_when_the_token_stands_in_another_header(world: World, name: str) -> None:
    token = world.park.token("enterprise 1")
    answer = send(world, "GET", PATH, None, headers={name: f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_read_is_answered_when_the_scheme_is_in_any_case(world: World, scheme: str) -> None:
    token = world.park.token("enterprise 1")
    answer = send(world, "GET", PATH, None, headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token.lower(),
        lambda token: token.upper(),
        lambda token: token.swapcase(),
        lambda token: token[:-1],
        lambda token: token + "0",
        lambda token: f"{token},{token}",
        lambda token: f"{token} {token}",
        lambda token: token.replace("_", "__", 1),
        lambda token: token[:20] + "\t" + token[20:],
        lambda token: f'"{token}"',
        lambda token: token.replace("clt_", "clt_", 1) * 1_000,
        lambda token: token[:30] + ("a" if token[30] != "a" else "b") + token[31:],
    ],
    ids=range(12),
)
def test_read_is_refused_when_the_token_is_almost_right(world: World, change: Any) -> None:
    changed = change(world.park.token("enterprise 1"))
    answer = send(world, "GET", PATH, None, headers={"Authorization": f"Bearer {changed}"})
    assert _reason(answer) == (401, {"reason": "unknown"})
    assert changed[:80] not in answer.text


def test_read_is_refused_when_the_secret_belongs_to_another_name(world: World) -> None:
    """Names are public: a right secret under another's name, with its right sum, is none."""
    mine, others = (parse_token(world.park.token(f"enterprise {number}")) for number in (1, 2))
    mixed = Token(others.lookup, mine.secret).text
    answer = send(world, "GET", PATH, mixed)
    assert _reason(answer) == (401, {"reason": "unknown"})


@pytest.mark.parametrize(
    "header",
    [
        ("Host", "evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Original-URL", "/v1/accesses"),
        ("X-Rewrite-URL", "/v1/accesses"),
    ],
)
def test_read_answers_the_same_when_a_header_claims_another_place(
    world: World, url: str, header: tuple[str, str]
) -> None:
    bearer = ("Authorization", f"Bearer {world.park.token('enterprise 1')}")
    path = f"{PATH}?limit=1"
    plain, claimed = _with(url, [bearer], path), _with(url, [bearer, header], path)
    assert plain.status_code == claimed.status_code == 200
    assert plain.json()["next"] == claimed.json()["next"]
    assert "evil" not in claimed.text


@pytest.mark.parametrize("scopes", [2, 4, 6])
def test_read_is_refused_when_the_token_has_no_scope_to_read(world: World, scopes: int) -> None:
    for path in (PATH, "/v1/accesses", "/v1/grants"):
        answer = send(world, "GET", path, world.park.token("enterprise 1", scopes=scopes))
        assert _reason(answer) == (403, {"needed": "read"})


def test_log_holds_no_secret_when_everything_is_asked_and_something_breaks(
    held: World, held_url: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log at its most talkative, and what the process prints."""
    caplog.set_level(logging.DEBUG)
    settle(held)
    invitation = invite(held).json()["secret"]
    token = held.park.token("enterprise 1")
    with httpx2.Client(base_url=held_url, trust_env=False, timeout=20) as client:
        bearer = {"Authorization": f"Bearer {token}"}
        assert client.get(PATH, headers=bearer).status_code == 200
        assert client.get(PATH, headers={"Authorization": f"Bearer {token}x"}).status_code == 401
        body = held.park.access("enterprise 2")
        opened = client.post("/v1/sessions?cookie=1", json=body)
        cookie = opened.headers["set-cookie"].partition(";")[0].partition("=")[2]
        with held.park.ledger.store.keeping() as connection:
            connection.execute(text("DROP TABLE invitation"))
        assert client.post(f"/v1/invitations/{invitation}").status_code == 500
    secrets = [token[17:60], invitation, cookie, opened.json()["csrf_token"]]
    secrets += [key.hex() for key in held.park.keys.values()]
    printed = capfd.readouterr()
    # The client of this test talks about its own requests; what is looked at is the service's log.
    service = [record for record in caplog.records if not record.name.startswith("http")]
    formatter = logging.Formatter()
    told = "\n".join(formatter.format(record) for record in service) + printed.out + printed.err
    assert "/v1/invitations/{secret}" in told
    assert [secret for secret in secrets if secret in told] == []
