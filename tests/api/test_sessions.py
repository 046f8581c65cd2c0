"""The first token by signature: who gets one, what it opens, and when it opens nothing."""

from typing import Any

import pytest
from httpx2 import Response

from tests.api.world import World, compact
from tests.park import CARRIER, READ, SUBMIT

STRANGER = "0x" + "5e" * 32


def _open(world: World, **changes: Any) -> Response:
    return world.park.http.post("/v1/sessions", json=world.park.access("enterprise 1", **changes))


def _transfer(world: World, authorization: str | None) -> Response:
    headers = {"Idempotency-Key": "session"}
    if authorization is not None:
        headers["Authorization"] = authorization
    return world.park.http.post("/v1/transfers", json=world.bodies["Transfer"], headers=headers)


def test_open_session_gives_a_token_of_twelve_hours_when_a_valid_key_signs(world: World) -> None:
    answer = _open(world)
    told = answer.json()
    assert answer.status_code == 201
    assert told["participant"] == "88.111/ENT.0001"
    assert told["scopes"] == ["read", "submit"]
    assert told["person"] == 1
    assert answer.headers["cache-control"] == "no-store"
    assert world.park.in_hours(11.9) < told["expires_at"] < world.park.in_hours(12.1)


def test_open_session_keeps_no_secret_when_its_rows_are_read(world: World) -> None:
    token = _open(world).json()["token"]
    secret = token[17:60]
    kept = (world.park.directory / "ledger.db").read_bytes()
    log = (world.park.directory / "ledger.db").with_name("ledger.db-wal").read_bytes()
    assert token[4:16].encode() in kept + log
    assert secret.encode() not in kept + log


def test_open_session_is_refused_when_the_same_access_comes_again(world: World) -> None:
    body = world.park.access("enterprise 1")
    assert world.park.http.post("/v1/sessions", json=body).status_code == 201
    again = world.park.http.post("/v1/sessions", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "ActAlreadyMade")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"person": 2}, "/message/person"),
        ({"service": "88/SVC.0002"}, "/message/service"),
        ({"scopes": 0}, "/message/scopes"),
        ({"scopes": 8}, "/message/scopes"),
        ({"scopes": 17}, "/message/scopes"),
    ],
)
def test_open_session_is_refused_when_a_field_is_not_the_signers(
    world: World, changes: dict[str, Any], pointer: str
) -> None:
    answer = _open(world, **changes)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["facts"]["errors"]] == [pointer]


@pytest.mark.parametrize("name", ["retired", "compromised", "stranger"])
def test_open_session_is_refused_when_the_key_is_not_valid(world: World, name: str) -> None:
    message = world.park.access("enterprise 1")["message"]
    body = world.park.envelope("Access", message | {"nonce": STRANGER}, signer=name)
    answer = world.park.http.post("/v1/sessions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "KeyNotValid")


def test_open_session_is_refused_when_its_deadline_is_past(world: World) -> None:
    answer = _open(world, deadline="2022-12-01T00:00:00Z")
    assert (answer.status_code, answer.json()["code"]) == (409, "SignatureExpired")


def test_open_session_is_refused_when_it_was_signed_for_another_chain(world: World) -> None:
    body = world.park.access("enterprise 1")
    body["domain"]["chain_id"] += 1
    answer = world.park.http.post("/v1/sessions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "ChainMismatch")


def test_submit_is_refused_when_nobody_is_named(world: World) -> None:
    answer = _transfer(world, None)
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer clt_x", "Bearer " + "a" * 100_000],
)
def test_submit_is_refused_when_the_token_is_none(world: World, authorization: str) -> None:
    answer = _transfer(world, authorization)
    assert (answer.status_code, answer.json()["facts"]) == (401, {"reason": "unknown"})


def test_read_is_refused_when_the_token_is_none(world: World) -> None:
    answer = world.park.http.get("/v1/assets", headers={"Authorization": "Bearer clt_x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenInvalid")


def test_submit_is_refused_when_the_token_may_only_read(world: World) -> None:
    answer = _transfer(world, f"Bearer {world.park.token('enterprise 1', scopes=READ)}")
    assert (answer.status_code, answer.json()["facts"]) == (403, {"needed": "submit"})


def test_submit_is_refused_when_the_token_has_expired(held: World) -> None:
    token = held.park.token(CARRIER, scopes=SUBMIT)
    held.park.set_time(held.park.in_hours(13))
    answer = _transfer(held, f"Bearer {token}")
    assert (answer.status_code, answer.json()["facts"]) == (401, {"reason": "expired"})


def test_submit_takes_anybodys_act_when_the_token_is_anothers(held: World) -> None:
    answer = held.park.post("Transfer", held.bodies["Transfer"], by="verifier")
    assert answer.status_code == 200
    assert answer.json()["actor"] == "88.111/ENT.0001"


def test_submit_keeps_keys_apart_when_the_tokens_differ(held: World) -> None:
    first = held.park.post("Transfer", held.bodies["Transfer"], key="same", by="park", wait=False)
    assert first.status_code == 202
    other = held.park.post("Cap", held.bodies["Cap"], key="same", by="regulator", wait=False)
    assert other.status_code == 202


def test_upload_readings_is_refused_when_the_meter_is_anothers(world: World) -> None:
    query = {"kind": "readings", "meter": "88.111.1/MTR.0001", "period": "2023-02"}
    headers = {"Idempotency-Key": "other", "Carbon-Salt-Seed": "0x" + "5e" * 32}
    answer = world.park.http.post(
        "/v1/documents",
        params=query,
        content=b"x",
        headers=headers | world.park.headers("enterprise 2"),
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")


def test_open_session_takes_no_more_than_the_fields_when_one_is_added(world: World) -> None:
    body = world.park.access("enterprise 1")
    body["custody"] = True
    answer = world.park.http.post(
        "/v1/sessions", content=compact(body), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")
