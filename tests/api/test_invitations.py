"""Invitations: by the owner or a regulator, for one use, and the key that comes with them."""

from typing import Any

import pytest

from tests.api.entrusted import (
    ENTERPRISE,
    KEPT_RIGHTS,
    entrust,
    invite,
    key_addition,
    post,
    send,
    settle,
)
from tests.api.world import World
from tests.park import ENTERPRISE_RIGHTS


@pytest.fixture(scope="module")
def settled(world: World) -> World:
    """The module's park with an enterprise that has no key."""
    settle(world)
    return world


def _accept(world: World, secret: str) -> Any:
    return send(world, "POST", f"/v1/invitations/{secret}", None)


@pytest.mark.parametrize("by", ["park", "regulator"])
def test_invite_tells_the_secret_and_the_key_when_the_inviter_may(settled: World, by: str) -> None:
    answer = invite(settled, by=by)
    told = answer.json()
    assert answer.status_code == 201, answer.text
    assert (told["participant"], told["person"], len(told["secret"])) == (ENTERPRISE, 1, 43)
    assert settled.park.in_hours(71) < told["expires_at"] < settled.park.in_hours(73)
    assert answer.headers["cache-control"] == "no-store"


def test_invite_keeps_the_key_when_the_person_is_invited_again(settled: World) -> None:
    first, second = invite(settled).json(), invite(settled).json()
    assert first["custody_key"] == second["custody_key"]
    assert first["secret"] != second["secret"]


def test_invite_tells_no_secret_when_it_is_asked_again_under_the_same_key(settled: World) -> None:
    key = {"Idempotency-Key": "invitation-again"}
    first, again = (invite(settled, headers=key) for _ in range(2))
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == {k: v for k, v in first.json().items() if k != "secret"}


@pytest.mark.parametrize("by", ["enterprise 1", "verifier"])
def test_invite_is_refused_when_the_inviter_is_neither_owner_nor_regulator(
    settled: World, by: str
) -> None:
    answer = invite(settled, by=by)
    assert (answer.status_code, answer.json()["code"]) == (403, "InvitationForbidden")
    assert answer.json()["facts"] == {"participant": ENTERPRISE}


@pytest.mark.parametrize(
    ("participant", "status", "code"),
    [
        ("88.111/ENT.0999", 404, "IdentifierUnknown"),
        ("88.111.1/FAC.0001", 422, "IdentifierKindWrong"),
        ("88.111", 422, "IdentifierMalformed"),
    ],
)
def test_invite_is_refused_when_the_participant_is_none(
    settled: World, participant: str, status: int, code: str
) -> None:
    answer = invite(settled, participant=participant)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        {"participant": ENTERPRISE},
        {"participant": ENTERPRISE, "person": "1"},
        {"participant": ENTERPRISE, "person": -1},
        {"participant": ENTERPRISE, "person": 2**32},
        {"participant": ENTERPRISE, "person": 1, "scopes": ["operate"]},
        [],
    ],
)
def test_invite_is_refused_when_the_body_breaks_the_schema(settled: World, body: Any) -> None:
    token = settled.park.token("park")
    answer = send(settled, "POST", "/v1/invitations", token, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")


def test_accept_gives_a_token_of_ninety_days_when_the_secret_is_right(settled: World) -> None:
    told = _accept(settled, invite(settled).json()["secret"])
    assert told.status_code == 201
    assert told.headers["cache-control"] == "no-store"
    assert told.json()["scopes"] == ["read", "submit", "custody"]
    assert (told.json()["participant"], told.json()["person"]) == (ENTERPRISE, 1)
    assert told.json()["expires_at"] > settled.park.in_hours(89 * 24)


def test_accept_is_refused_when_the_invitation_was_used(settled: World) -> None:
    secret = invite(settled).json()["secret"]
    assert _accept(settled, secret).status_code == 201
    again = _accept(settled, secret)
    assert (again.status_code, again.json()["code"]) == (409, "InvitationUsed")


def test_accept_is_refused_when_nobody_gave_that_secret(settled: World) -> None:
    answer = _accept(settled, "x" * 43)
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")
    assert "xxx" not in answer.text


def test_accept_is_refused_when_three_days_are_over(held: World) -> None:
    settle(held)
    secret = invite(held).json()["secret"]
    held.park.set_time(held.park.in_hours(73))
    answer = _accept(held, secret)
    assert (answer.status_code, answer.json()["code"]) == (409, "InvitationUsed")


def test_accept_keeps_no_secret_when_the_rows_are_read(settled: World) -> None:
    secret = invite(settled).json()["secret"]
    token = _accept(settled, secret).json()["token"]
    path = settled.park.directory / "ledger.db"
    kept = path.read_bytes() + path.with_name("ledger.db-wal").read_bytes()
    assert secret.encode() not in kept
    assert token[17:60].encode() not in kept


@pytest.mark.parametrize(
    "changes",
    [{"rights": ENTERPRISE_RIGHTS}, {"person": 2}, {"participant": "88.111/ENT.0001"}],
    ids=["not custodial", "another person", "another participant"],
)
def test_add_custody_key_is_not_vouched_for_when_it_is_added_for_anything_else(
    settled: World, changes: dict[str, Any]
) -> None:
    addition = key_addition(invite(settled).json()["custody_key"], **changes)
    body = settled.park.envelope("KeyAddition", addition, signer="park")
    answer = settled.park.post("KeyAddition", body, wait=False)
    assert (answer.status_code, answer.json()["code"]) == (422, "SignatureMalformed")


def test_invite_makes_a_fresh_key_when_the_last_was_retired(held: World) -> None:
    token = entrust(held)
    first = held.park.get(f"/v1/keys?identifier={ENTERPRISE}")["items"][0]
    assert first["rights"] == KEPT_RIGHTS
    ending = held.key_ending("retired") | {"participant": ENTERPRISE, "ended_key": first["key"]}
    held.park.act("KeyEnding", ending, signer="park")
    held.park.set_time(held.park.in_hours(1))
    again = invite(held).json()["custody_key"]
    assert again != first["key"]
    # Whoever has had keys gets another from the owner after the recovery delay only.
    addition = key_addition(again, valid_from=held.park.in_hours(73))
    body = held.park.envelope("KeyAddition", addition, signer="park")
    assert held.park.post("KeyAddition", body).status_code == 200
    held.park.set_time(held.park.in_hours(74))
    message = {"from": ENTERPRISE, "to": "88.111/ENT.0001", "asset": "PARK-2023", "tonnes": 1}
    assert post(held, "Transfer", message, token).status_code == 200
