"""Tokens for machines: no wider than the one that makes them, listed, revoked."""

from typing import Any

import pytest
from httpx2 import Response

from ledger.access.gate import Gate
from ledger.identifiers.service import kind_of
from tests.api.entrusted import send
from tests.api.world import World
from tests.park import READ, SUBMIT

TOKENS = "/v1/tokens"


def _make(
    world: World, *, by: str = "enterprise 1", scopes: int = READ | SUBMIT, **more: Any
) -> Any:
    body = more.pop("json", {"scopes": ["read"]})
    return send(world, "POST", TOKENS, world.park.token(by, scopes=scopes), json=body, **more)


def _list(world: World, token: str) -> Response:
    return send(world, "GET", TOKENS, token)


def test_make_token_gives_one_of_ninety_days_when_nothing_else_is_said(world: World) -> None:
    answer = _make(world)
    told = answer.json()
    assert answer.status_code == 201, answer.text
    assert (told["scopes"], told["person"]) == (["read"], 1)
    assert told["participant"] == "88.111/ENT.0001"
    assert world.park.in_hours(90 * 24 - 1) < told["expires_at"] < world.park.in_hours(90 * 24 + 1)
    assert answer.headers["cache-control"] == "no-store"
    assert told["token"][4:16] == told["lookup"]
    assert _list(world, told["token"]).status_code == 200


def test_make_token_tells_no_secret_when_the_same_key_comes_again(world: World) -> None:
    key = {"Idempotency-Key": "token-again"}
    first, again = (_make(world, headers=key) for _ in range(2))
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == {k: v for k, v in first.json().items() if k != "token"}


@pytest.mark.parametrize(
    ("held_scopes", "wanted", "missing"),
    [
        (READ | SUBMIT, ["read", "custody"], "custody"),
        (SUBMIT, ["read", "submit"], "read"),
        (READ | SUBMIT, ["operate"], "operate"),
        (READ, ["read"], "submit"),
    ],
)
def test_make_token_is_refused_when_it_would_open_more_than_its_maker(
    world: World, held_scopes: int, wanted: list[str], missing: str
) -> None:
    answer = _make(world, scopes=held_scopes, json={"scopes": wanted})
    assert (answer.status_code, answer.json()["facts"]) == (403, {"needed": missing})


@pytest.mark.parametrize("days", [-1, 0, 401])
def test_make_token_is_refused_when_its_end_is_past_or_too_far(world: World, days: int) -> None:
    body = {"scopes": ["read"], "expires_at": world.park.in_hours(days * 24)}
    answer = _make(world, json=body)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["facts"]["errors"]] == ["/expires_at"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"scopes": []},
        {"scopes": ["write"]},
        {"scopes": "read"},
        {"scopes": ["read"] * 5},
        {"scopes": ["read"], "expires_at": "tomorrow"},
        {"scopes": ["read"], "person": 2},
        ["read"],
    ],
)
def test_make_token_is_refused_when_the_body_breaks_the_schema(world: World, body: Any) -> None:
    answer = _make(world, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")


def test_list_tokens_shows_ones_own_and_no_secret_when_others_have_some(world: World) -> None:
    mine = _make(world).json()
    _make(world, by="enterprise 2")
    answer = _list(world, world.park.token("enterprise 1"))
    items = answer.json()["items"]
    assert {one["participant"] for one in items} == {"88.111/ENT.0001"}
    assert mine["lookup"] in {one["lookup"] for one in items}
    assert set(items[0]) == {
        "lookup",
        "participant",
        "person",
        "scopes",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_day",
    }
    assert mine["token"][17:60] not in answer.text


def test_list_tokens_says_the_day_when_a_token_was_used(world: World) -> None:
    token = _make(world).json()["token"]
    _list(world, token)
    world.park.ledger.writer.commit(lambda _: None)  # what was noted before stands now
    items = _list(world, token).json()["items"]
    used = next(one for one in items if one["lookup"] == token[4:16])
    assert used["last_used_day"] == world.park.in_hours(0)[:10]


def test_list_tokens_is_paged_when_there_are_more_than_the_limit(world: World) -> None:
    token = _make(world).json()["token"]
    _make(world)
    page = send(world, "GET", f"{TOKENS}?limit=1", token).json()
    rest = send(world, "GET", page["next"], token).json()
    assert (len(page["items"]), len(rest["items"])) == (1, 1)
    assert page["items"][0]["lookup"] != rest["items"][0]["lookup"]


def test_revoke_token_takes_effect_at_once_when_it_was_just_used(world: World) -> None:
    made = _make(world).json()
    assert _list(world, made["token"]).status_code == 200
    admin = world.park.token("enterprise 1")
    for _ in range(2):  # once more is harmless
        assert send(world, "DELETE", f"{TOKENS}/{made['lookup']}", admin).status_code == 204
    answer = _list(world, made["token"])
    assert (answer.status_code, answer.json()["facts"]) == (401, {"reason": "revoked"})
    assert answer.headers["www-authenticate"] == "Bearer"


def test_revoke_token_reaches_another_front_when_it_has_forgotten(world: World) -> None:
    """Another front remembers for five seconds; one that starts now asks the tables."""
    made, ledger = _make(world).json(), world.park.ledger
    admin = world.park.token("enterprise 1")
    assert send(world, "DELETE", f"{TOKENS}/{made['lookup']}", admin).status_code == 204
    other = Gate(ledger.store, kind_of, note=ledger.writer.post)
    assert other._viewers.ttl == 5
    with pytest.raises(Exception, match="revoked"):
        other.viewer(made["token"], now=ledger.clock.now())


def test_revoke_token_is_refused_when_it_is_anothers(world: World) -> None:
    made = _make(world, by="enterprise 2").json()
    path = f"{TOKENS}/{made['lookup']}"
    answer = send(world, "DELETE", path, world.park.token("enterprise 1"))
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")
    assert _list(world, made["token"]).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ask_for_tokens_is_refused_when_nobody_is_named(world: World, method: str) -> None:
    answer = send(world, method, TOKENS, None)
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")
