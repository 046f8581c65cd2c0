"""Every noun in one order: unknown, invalid, valid, repeated; and what the chain refuses later."""

from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from httpx2 import Response

from api.fields import parse_time
from api.nouns import NOUN_OF, NOUNS
from ledger.messages import OFF_CHAIN
from tests import messages as valid
from tests.api.next_messages import facility, standing_change
from tests.api.world import World, hash_of
from tests.park import CARRIER

CARRIED = [name for name in NOUNS.values() if name not in OFF_CHAIN]
_NOBODY = {"authority": "88/REG.999999"}
_NOWHERE = {"facility": facility(99)}
UNKNOWN: dict[str, dict[str, Any]] = {
    "Registration": {"parent": "88.999"},
    "RecordChange": {"subject": facility(99)},
    "KeyAddition": {"participant": "88.111/ENT.0099"},
    "KeyEnding": {"participant": "88.111/ENT.0099"},
    "StandingChange": {"subject": "88.111/ENT.0099"},
    "Accreditation": _NOBODY,
    "Assignment": _NOBODY,
    "Tie": {"participant": "88.111/ENT.0099", "enterprise": "88.111/ENT.0099"},
    "Evidence": _NOWHERE,
    "Report": _NOWHERE,
    "Statement": _NOWHERE,
    "Confirmation": _NOBODY,
    "Reopening": _NOBODY,
    "Cap": _NOBODY,
    "Rule": _NOBODY,
    "Allocation": {"account": "88.111/ENT.0099"},
    "Transfer": {"to": "88.111/ENT.0099"},
    "Surrender": {"account": "88.111/ENT.0099"},
    "Cancellation": {"account": "88.111/ENT.0099"},
    "Finding": {"report": valid.DOCUMENT},
    "Delivery": {"consumer": "88.111/ENT.0099"},
}
_ACKNOWLEDGEMENT = [
    ("id", "bytes32"),
    ("actor", "bytes32"),
    ("acceptedAt", "uint48"),
    ("carryBy", "uint48"),
    ("head", "bytes32"),
    ("service", "bytes32"),
]


def first_answer(world: World, message_type: str) -> Response:
    """The answer to the valid act, posted once however many tests ask."""
    if message_type not in world.answers:
        world.answers[message_type] = _again(world, message_type)
    return world.answers[message_type]


def _again(world: World, message_type: str, *, query: str = "") -> Response:
    return world.park.http.post(
        f"/v1/{NOUN_OF[message_type]}{query}",
        json=world.bodies[message_type],
        headers={"Idempotency-Key": f"valid-{message_type}"} | world.park.headers(CARRIER),
    )


@pytest.mark.parametrize("message_type", NOUNS.values())
def test_post_answers_404_when_it_names_what_nobody_knows(world: World, message_type: str) -> None:
    answer = world.park.post(message_type, world.body(message_type, **UNKNOWN[message_type]))
    wanted = "ResourceUnknown" if message_type == "Finding" else "IdentifierUnknown"
    assert (answer.status_code, answer.json()["code"]) == (404, wanted)


@pytest.mark.parametrize("message_type", NOUNS.values())
def test_post_names_the_field_when_the_message_has_one_too_many(
    world: World, message_type: str
) -> None:
    body = world.bodies[message_type]
    spoiled = body | {"message": body["message"] | {"memo": "x"}}
    answer = world.park.post(message_type, spoiled)
    wrong = [{"pointer": "/message/memo", "rule": "extra_forbidden"}]
    assert (answer.status_code, answer.json()["facts"]) == (422, {"errors": wrong})


@pytest.mark.parametrize("message_type", CARRIED)
def test_post_answers_202_with_id_and_links_when_the_act_is_valid(
    world: World, message_type: str
) -> None:
    answer, message = first_answer(world, message_type), world.bodies[message_type]["message"]
    told = answer.json()
    act_id = world.park.id_of(message_type, message)
    assert (answer.status_code, told["id"], told["type"]) == (202, act_id, message_type)
    assert told["submission"] == f"/v1/submissions/{act_id}"
    assert told["resource"] == f"/v1/{NOUN_OF[message_type]}/{act_id}"
    assert "Idempotent-Replayed" not in answer.headers


@pytest.mark.parametrize("message_type", CARRIED)
def test_post_promises_by_the_service_key_when_the_act_is_valid(
    world: World, message_type: str
) -> None:
    told = first_answer(world, message_type).json()
    known = world.park.get("/.well-known/carbonledger")
    assert _signer_of(told, known) == known["service_key"]
    promised = told["acknowledgement"]
    carry_by = parse_time(promised["carry_by"], pointer="")
    assert carry_by - parse_time(promised["accepted_at"], pointer="") == 600


def _signer_of(told: dict[str, Any], known: dict[str, Any]) -> str:
    """Whose signature an acknowledgement bears, by another library than ours."""
    promised = told["acknowledgement"]
    message = {
        "id": told["id"],
        "actor": hash_of(told["actor"]),
        "acceptedAt": parse_time(promised["accepted_at"], pointer=""),
        "carryBy": parse_time(promised["carry_by"], pointer=""),
        "head": promised["head"],
        "service": hash_of("88/SVC.0001"),
    }
    contract = known["contracts"]["Identifiers"]["address"]
    domain = {"name": "carbonledger", "version": "1", "chainId": known["chain_id"]}
    types = {"Acknowledgement": [{"name": name, "type": kind} for name, kind in _ACKNOWLEDGEMENT]}
    signable = encode_typed_data(domain | {"verifyingContract": contract}, types, message)
    signer: str = Account.recover_message(signable, signature=promised["signature"])
    return signer.lower()


@pytest.mark.parametrize("message_type", OFF_CHAIN)
def test_post_answers_201_when_the_message_is_kept_only(world: World, message_type: str) -> None:
    answer = first_answer(world, message_type)
    act_id = world.park.id_of(message_type, world.bodies[message_type]["message"])
    assert (answer.status_code, answer.json()["id"]) == (201, act_id)
    world.park.get(answer.json()["resource"])


@pytest.mark.parametrize("message_type", NOUNS.values())
def test_post_gives_the_same_bytes_when_key_and_body_come_again(
    world: World, message_type: str
) -> None:
    first, second = first_answer(world, message_type), _again(world, message_type)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("message_type", CARRIED)
def test_post_answers_200_with_the_final_state_when_it_is_asked_to_wait(
    world: World, message_type: str
) -> None:
    first_answer(world, message_type)
    answer = _again(world, message_type, query="?wait=final&wait_seconds=30")
    told = answer.json()
    assert (answer.status_code, told["state"], told["attempt"]) == (200, "final", 1)
    assert told["block"] <= told["final_block"]


@pytest.mark.parametrize("message_type", [name for name in CARRIED if name != "Registration"])
def test_get_shows_the_message_again_when_the_act_is_final(world: World, message_type: str) -> None:
    resource = first_answer(world, message_type).json()["resource"]
    _again(world, message_type, query="?wait=final&wait_seconds=30")
    shown = world.park.get(resource)
    message = world.bodies[message_type]["message"]
    wanted = {name: None if value == valid.NOBODY else value for name, value in message.items()}
    assert {name: shown[name] for name in message} == wanted
    assert (shown["type"], shown["finality"]) == (message_type, "final")


def _two_transfers(held: World, tonnes: int) -> tuple[Response, dict[str, Any]]:
    """100 t on their way to the second enterprise's 100, and what it sends back of the 200."""
    held.park.hold()
    held.park.act("Transfer", valid.transfer(nonce=3), signer="enterprise 1", wait=False)
    body = _sent_back(held, tonnes)
    return held.park.post("Transfer", body, wait=False, key="back"), body


def _sent_back(held: World, tonnes: int) -> dict[str, Any]:
    back = valid.transfer(tonnes=tonnes) | {"from": "88.111/ENT.0002", "to": "88.111/ENT.0001"}
    return held.park.envelope("Transfer", back, signer="enterprise 2")


def _settled(held: World, body: dict[str, Any], key: str) -> Response:
    held.park.release()
    return held.park.post("Transfer", body, key=key)


def test_post_is_accepted_and_final_when_what_it_needs_is_on_its_way(held: World) -> None:
    answer, body = _two_transfers(held, 160)
    assert answer.status_code == 202
    assert held.park.get(answer.json()["submission"])["state"] in ("accepted", "sent")
    assert _settled(held, body, "back").json()["state"] == "final"


def test_wait_answers_202_when_time_ran_out(held: World) -> None:
    answer, body = _two_transfers(held, 160)
    again = held.park.http.post(
        "/v1/transfers?wait=final&wait_seconds=1",
        json=body,
        headers={"Idempotency-Key": "back"} | held.park.headers(CARRIER),
    )
    assert (again.status_code, again.content) == (202, answer.content)


def test_wait_answers_the_problem_when_the_chain_refused(held: World) -> None:
    answer, body = _two_transfers(held, 260)
    assert answer.status_code == 202
    settled = _settled(held, body, "back")
    told = settled.json()
    assert (settled.status_code, told["code"]) == (409, "QuotaInsufficient")
    assert told["facts"] == {
        "account": "88.111/ENT.0002",
        "asset": "PARK-2023",
        "bucket": "available",
        "have": 200,
        "want": 260,
    }
    assert settled.headers["content-type"] == "application/problem+json"
    shown = held.park.get(answer.json()["submission"])
    assert (shown["state"], shown["refusal"], shown["resource"]) == ("refused", told, None)
    assert (told["decided_by"], shown["attempt"]) == ("contract", 1)


def test_post_counts_a_second_attempt_when_a_refused_act_comes_again(held: World) -> None:
    answer, body = _two_transfers(held, 260)
    _settled(held, body, "back")
    held.park.act("Transfer", valid.transfer(nonce=4), signer="enterprise 1")
    told = held.park.post("Transfer", body, key="back-again").json()
    assert (told["id"], told["state"], told["attempt"]) == (answer.json()["id"], "final", 2)


def test_post_is_refused_at_the_door_when_nothing_on_its_way_can_help(held: World) -> None:
    held.park.hold()
    change = standing_change("88/VER.0001", standing=1, revision=1)
    held.park.act("StandingChange", change, signer="regulator", wait=False)
    answer = held.park.post("Transfer", _sent_back(held, 160))
    assert (answer.status_code, answer.json()["code"]) == (409, "QuotaInsufficient")


@pytest.mark.parametrize("message_type", ["Confirmation", "Reopening"])
def test_post_names_the_stage_when_the_followed_act_is_another_and_more_is_on_its_way(
    held: World, message_type: str
) -> None:
    reported = held.ids["report_3"]
    held.park.hold()
    later = valid.evidence(facility=facility(3), follows=reported)
    held.park.act("Evidence", later, signer="enterprise 1", wait=False)
    body = held.body(message_type, facility=facility(3), follows=reported)
    told = held.park.post(message_type, body).json()
    assert (told["status"], told["code"]) == (409, "FigureStageWrong")
    assert told["facts"] == {"facility": facility(3), "period": "2023", "stage": "reported"}


def test_post_tells_id_and_state_when_the_act_on_its_way_comes_under_another_key(
    held: World,
) -> None:
    answer, body = _two_transfers(held, 160)
    again = held.park.post("Transfer", body, key="other", wait=False)
    told, act_id = again.json(), answer.json()["id"]
    assert (again.status_code, told["code"]) == (409, "NonceUsed")
    assert (told["facts"]["id"], told["facts"]["resource"]) == (act_id, f"/v1/submissions/{act_id}")
    assert told["facts"]["state"] in ("accepted", "sent")
