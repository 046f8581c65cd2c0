"""Shortcuts answer as the routes do that they cut short."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import postings
from api.app import create_app
from api.hot_routes import HotApp
from tests.api.world import World


def _told(app: HotApp, path: str, **request: Any) -> tuple[int, bytes, dict[str, str]]:
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.post(path, **request)
    return answer.status_code, answer.content, dict(answer.headers)


def _without_shortcuts(world: World) -> HotApp:
    app = create_app(world.park.ledger)
    app.shortcuts.clear()
    return app


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"headers": {"Authorization": "Bearer no-token"}},
        {"headers": {"Cookie": "__Host-carbonledger=1; __Host-carbonledger=2"}},
        {"content": b"[" * 100_000},
    ],
    ids=["nobody", "unknown token", "two sessions", "long body of nobody"],
)
@pytest.mark.parametrize("noun", ["transfers", "findings"])
def test_post_is_refused_alike_when_the_shortcut_is_taken_away(
    furnished: World, noun: str, request_: dict[str, Any]
) -> None:
    app = create_app(furnished.park.ledger)
    short = _told(app, f"/v1/{noun}", **request_)
    assert short == _told(_without_shortcuts(furnished), f"/v1/{noun}", **request_)


def test_post_is_taken_in_alike_when_the_shortcut_is_taken_away(world: World) -> None:
    headers = world.park.headers("enterprise 1")
    headers |= {"Content-Type": "application/json", "Idempotency-Key": "both-ways"}
    request = {"content": json.dumps(world.body("Transfer")), "headers": headers}
    app, plain = create_app(world.park.ledger), _without_shortcuts(world)
    first, again = _told(app, "/v1/transfers", **request), _told(plain, "/v1/transfers", **request)
    assert (first[0], first[1]) == (202, again[1])
    assert again[2].get("idempotent-replayed") == "true"


def test_post_tells_a_request_id_when_an_endpoint_fails(
    furnished: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(postings, "require_json", broken)
    app = create_app(furnished.park.ledger)
    headers = furnished.park.headers("enterprise 1")
    status, body, _ = _told(app, "/v1/transfers", content=b"{}", headers=headers)
    assert status == 500
    assert b'"code":"Internal"' in body
