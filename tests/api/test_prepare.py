"""What is prepared can be signed by any wallet and is accepted, or refused as was foretold."""

import re
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from httpx2 import Response

from api.client.signing import hash_of_wire
from api.fields import hex_text
from api.messages import ENVELOPES
from api.nouns import NOUN_OF
from identity.keys import address_of
from identity.signature import recover_address
from identity.typed_data import digest
from ledger.outbox.act import domain_of
from tests.api.world import World

GUARDS = ("follows", "nonce", "revision", "deadline")
# What follows from the rest, beside the guards.
FOLLOWING: dict[str, tuple[str, ...]] = {
    "Registration": ("is_prefix", "record"),
    "KeyAddition": ("scheme", "valid_from"),
    "KeyEnding": ("time",),
    "Confirmation": ("account",),
    "Delivery": ("salt",),
    "Access": ("actor", "person", "service", "nonce"),
}
CHINESE = re.compile("[\u4e00-\u9fff]")


def prepare(
    world: World, message_type: str, message: dict[str, Any], *, by: str | None
) -> Response:
    return world.park.http.post(
        f"/v1/prepare/{message_type}", json={"message": message}, headers=world.park.headers(by)
    )


def partial(world: World, message_type: str) -> tuple[dict[str, Any], str]:
    """The valid act without what can be filled in, and its signer."""
    if message_type == "Access":
        return {"scopes": 3}, "enterprise 1"
    message, signer = world.acts[message_type]
    filled = (*GUARDS, *FOLLOWING.get(message_type, ()))
    return {name: value for name, value in message.items() if name not in filled}, signer


def signed(world: World, told: dict[str, Any], signer: str) -> str:
    """A signature by a foreign library over the typed data alone."""
    message = encode_typed_data(full_message=told["typed_data"])
    made = Account.sign_message(message, world.park.key(signer))
    return hex_text(bytes(made.signature))


@pytest.mark.slow  # every type is carried to the chain
@pytest.mark.parametrize("message_type", ENVELOPES)
def test_prepare_gives_what_is_accepted_when_a_wallet_signs_its_typed_data(
    held: World, message_type: str
) -> None:
    given, signer = partial(held, message_type)
    answer = prepare(held, message_type, given, by=signer)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["refusals"] == []
    body = {name: told[name] for name in ("message", "domain")}
    body["signature"] = signed(held, told, signer)
    if message_type == "KeyAddition":
        body["possession"] = signed(held, told, "fresh")
    if message_type == "Delivery":
        body["countersignature"] = signed(held, told, "enterprise 2")
    if message_type == "Access":
        taken = held.park.http.post("/v1/sessions", json=body)
    else:
        taken = held.park.post(message_type, body)
    assert taken.is_success, taken.text
    assert message_type == "Access" or taken.json()["id"] == told["id"]


@pytest.mark.parametrize("message_type", ENVELOPES)
def test_prepare_tells_our_digest_when_it_is_computed_from_the_message(
    world: World, message_type: str
) -> None:
    given, signer = partial(world, message_type)
    told = prepare(world, message_type, given, by=signer).json()
    domain = domain_of(world.park.ledger.manifest, message_type)
    ours = digest(domain.separator, hash_of_wire(message_type, told["message"]))
    assert told["digest"] == hex_text(ours)
    signature = bytes.fromhex(signed(world, told, signer)[2:])
    assert recover_address(ours, signature) == address_of(world.park.key(signer))


@pytest.mark.parametrize("message_type", ENVELOPES)
def test_prepare_says_it_in_both_languages_when_anything_is_prepared(
    world: World, message_type: str
) -> None:
    given, signer = partial(world, message_type)
    told = prepare(world, message_type, given, by=signer).json()["sentence"]
    assert not CHINESE.search(told["en"]) and told["en"].endswith(".")
    assert CHINESE.search(told["zh"]) and told["zh"].endswith("。")
    assert not re.search("[{}]", told["en"] + told["zh"])


def test_prepare_says_the_figures_when_quota_is_transferred(world: World) -> None:
    given, signer = partial(world, "Transfer")
    told = prepare(world, "Transfer", given | {"tonnes": 1_000}, by=signer).json()["sentence"]
    assert "Transfer 1,000 t of PARK-2023 from 88.111/ENT.0001 to 88.111/ENT.0002" in told["en"]
    assert "将 1,000 吨 PARK-2023 从 88.111/ENT.0001 划转给 88.111/ENT.0002" in told["zh"]


@pytest.mark.parametrize(
    ("message_type", "changes", "words"),
    [
        ("Allocation", {"tonnes": -5}, ("recall quota", "收回配额")),
        ("Registration", {"label": "7", "kind": "prefix"}, ("Register the prefix", "登记前缀")),
        (
            "KeyEnding",
            {"is_compromised": True, "time": "2022-12-01T00:00:10Z"},
            ("compromised since 2022-12-01T00:00:10Z", "已失密"),
        ),
    ],
)
def test_prepare_says_what_differs_when_one_message_has_two_meanings(
    world: World, message_type: str, changes: dict[str, Any], words: tuple[str, str]
) -> None:
    given, signer = partial(world, message_type)
    told = prepare(world, message_type, given | changes, by=signer).json()["sentence"]
    assert words[0] in told["en"] and words[1] in told["zh"]


def test_prepare_writes_nothing_when_every_type_is_prepared(world: World) -> None:
    before = world.kept()
    for message_type in NOUN_OF:
        given, signer = partial(world, message_type)
        assert prepare(world, message_type, given, by=signer).is_success
    assert world.kept() == before


def test_prepare_foretells_the_refusal_when_the_contract_would_refuse(world: World) -> None:
    given, signer = partial(world, "Transfer")
    told = prepare(world, "Transfer", given | {"tonnes": 100_000}, by=signer).json()
    body = {name: told[name] for name in ("message", "domain")}
    answer = world.park.post("Transfer", body | {"signature": signed(world, told, signer)})
    assert answer.json()["code"] == "QuotaInsufficient"
    assert [one["facts"] for one in told["refusals"]] == [answer.json()["facts"]]


def test_prepare_foretells_the_refusal_when_the_deadline_is_past(world: World) -> None:
    given, signer = partial(world, "Transfer")
    late = given | {"deadline": "2022-12-01T00:00:00Z"}
    told = prepare(world, "Transfer", late, by=signer).json()
    assert [one["code"] for one in told["refusals"]] == ["SignatureExpired"]


def test_prepare_keeps_what_is_given_when_it_could_be_filled(world: World) -> None:
    given, signer = partial(world, "Transfer")
    told = prepare(world, "Transfer", given | {"nonce": 9}, by=signer).json()
    assert told["message"]["nonce"] == 9


def test_prepare_gives_the_next_nonce_when_others_are_under_way(held: World) -> None:
    held.park.hold()
    given, signer = partial(held, "Transfer")
    nonces = []
    for _ in range(3):
        told = prepare(held, "Transfer", given, by=signer).json()
        nonces.append(told["message"]["nonce"])
        body = {name: told[name] for name in ("message", "domain")}
        body["signature"] = signed(held, told, signer)
        assert held.park.post("Transfer", body, wait=False).status_code == 202
    assert nonces == [3, 4, 5]


@pytest.mark.parametrize(
    ("message_type", "missing"),
    [("Transfer", "to"), ("Transfer", "asset"), ("Report", "facility"), ("KeyEnding", "ended_key")],
)
def test_prepare_is_refused_when_a_field_is_missing_that_does_not_follow(
    world: World, message_type: str, missing: str
) -> None:
    given, signer = partial(world, message_type)
    del given[missing]
    answer = prepare(world, message_type, given, by=signer)
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")
    pointers = [one["pointer"] for one in answer.json()["facts"]["errors"]]
    assert f"/message/{missing}" in pointers


@pytest.mark.parametrize("message_type", [name for name in NOUN_OF if name != "Tie"])
def test_prepare_tells_nothing_of_a_state_when_the_asker_may_not_act(
    world: World, message_type: str
) -> None:
    """Heads, nonces and balances are not everybody's: the right to act is looked at first."""
    given, _ = partial(world, message_type)
    answer = prepare(world, message_type, given, by="enterprise 2")
    if message_type == "KeyEnding":  # its one guard is time, which is nobody's secret
        given["participant"] = "88.111/ENT.0001"
    assert answer.status_code == 403
    assert answer.json()["code"] in ("KeyNotValid", "KeyRightMissing")


def test_prepare_is_refused_when_a_field_breaks_the_schema(world: World) -> None:
    given, signer = partial(world, "Transfer")
    answer = prepare(world, "Transfer", given | {"tonnes": "1"}, by=signer)
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")
    answer = prepare(world, "Transfer", given | {"gift": True}, by=signer)
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")


def test_prepare_is_refused_when_nobody_asks(world: World) -> None:
    given, _ = partial(world, "Transfer")
    answer = prepare(world, "Transfer", given, by=None)
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")


def test_prepare_is_refused_when_the_type_is_none(world: World) -> None:
    answer = prepare(world, "Gift", {}, by="enterprise 1")
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")
