"""The service signs for whoever it holds a key for, for nobody else; what it signed is shown."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.messages import parse_preparation
from api.postings import accepted_body
from identity.identifier import parse_identifier
from ledger.access.custody_keys import custody_keys
from ledger.assembly import Asked, Brought
from ledger.chain.bindings import KINDS
from ledger.custody import Custody, is_usable
from ledger.errors import CustodyForbidden
from ledger.outbox.act import Envelope
from ledger.outbox.idempotency import Answer, Request
from ledger.store.chain_log import freshness
from tests.api.entrusted import ENTERPRISE, PREFIX, entrust, post, send
from tests.api.next_messages import delivery
from tests.api.world import World
from tests.messages import DOCUMENT, evidence

TRANSFER = {"from": ENTERPRISE, "to": "88.111/ENT.0001", "asset": "PARK-2023", "tonnes": 1}


@pytest.fixture(scope="module")
def entrusted(furnished: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The furnished park with an enterprise in custody, whose token is `tokens["kept"]`."""
    world = furnished.copied(tmp_path_factory.mktemp("custody") / "park")
    world.ids["kept"] = entrust(world)
    yield world
    world.park.close()


def test_post_is_carried_when_the_service_completes_and_signs_it(entrusted: World) -> None:
    answer = post(entrusted, "Transfer", TRANSFER, entrusted.ids["kept"])
    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert (told["state"], told["actor"]) == ("final", ENTERPRISE)
    assert told["signed_in_custody"] is True
    recorded = entrusted.park.get(told["resource"])
    assert (recorded["tonnes"], recorded["signed_in_custody"]) == (1, True)


def test_show_says_not_in_custody_when_the_signer_has_the_key(entrusted: World) -> None:
    recorded = entrusted.park.get("/v1/transfers")["items"][0]
    assert recorded["signed_in_custody"] is False
    submission = entrusted.park.get(f"/v1/submissions/{recorded['id']}")
    assert submission["signed_in_custody"] is False


def test_post_registers_and_reports_when_everything_is_done_in_custody(entrusted: World) -> None:
    token = entrusted.ids["kept"]
    facility = {
        "parent": PREFIX,
        "label": "FAC.0001",
        "kind": "facility",
        "owner": ENTERPRISE,
    }
    assert post(entrusted, "Registration", facility, token).status_code == 200
    anchor = evidence(facility=f"{PREFIX}/FAC.0001")
    del anchor["follows"]
    first = post(entrusted, "Evidence", anchor, token).json()
    second = post(entrusted, "Evidence", anchor | {"month": "2023-02"}, token).json()
    assert (first["state"], second["state"]) == ("final", "final")
    recorded = entrusted.park.get(second["resource"])
    assert recorded["follows"] == first["id"]


def test_post_gives_the_same_bytes_when_it_comes_again(entrusted: World) -> None:
    key = {"Idempotency-Key": "kept-again"}
    answers = [
        post(entrusted, "Transfer", TRANSFER, entrusted.ids["kept"], query="", headers=key)
        for _ in range(3)
    ]
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [
        None,
        "true",
        "true",
    ]


def test_post_has_one_effect_when_the_same_key_comes_eight_times_at_once(
    entrusted: World,
) -> None:
    key = {"Idempotency-Key": "kept-at-once"}
    token = entrusted.ids["kept"]

    def once(_: int) -> bytes:
        return post(entrusted, "Transfer", TRANSFER, token, query="", headers=key).content

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(once, range(8)))) == 1


def test_post_takes_every_nonce_once_when_eight_transfers_come_at_once(entrusted: World) -> None:
    token = entrusted.ids["kept"]

    def once(_: int) -> dict[str, Any]:
        told: dict[str, Any] = post(entrusted, "Transfer", TRANSFER, token).json()
        return told

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(once, range(8)))
    assert [one["state"] for one in told] == ["final"] * 8
    nonces = [entrusted.park.get(one["resource"])["nonce"] for one in told]
    assert len(set(nonces)) == 8


@pytest.mark.parametrize("tonnes", [1, 2], ids=["the very same", "another"])
def test_sign_chooses_another_nonce_when_another_process_was_faster(
    entrusted: World, tonnes: int
) -> None:
    first, second, again = Race(entrusted, tonnes).run(lambda _second: None)
    assert first == second
    assert again == first + 1


def test_sign_chooses_another_nonce_when_the_faster_act_is_recorded_meanwhile(
    entrusted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undecided when it is judged, on the chain when it is written down: between the two looks."""
    writer, committing = entrusted.park.ledger.writer, entrusted.park.ledger.writer.committing

    def recorded_first(_second: Answer) -> None:
        def commit(run: Any) -> Any:
            monkeypatch.undo()
            entrusted.park.settle()
            return committing(run)

        monkeypatch.setattr(writer, "committing", commit)

    first, second, again = Race(entrusted, 3).run(recorded_first)
    assert first == second
    assert again == first + 1


class Race:
    """Two fronts beside one engine, each with turns of its own, sign a transfer at once."""

    def __init__(self, world: World, tonnes: int) -> None:
        self._ledger = world.park.ledger
        self._viewer = self._ledger.credentials.viewer(world.ids["kept"])
        self._tonnes = tonnes
        self._signed: list[int] = []

    def run(self, between: Callable[[Answer], None]) -> list[int]:
        """The nonces that were signed, of which the second is the faster front's.

        `between` is called with its answer before the slower one's is taken.
        """
        ledger = self._ledger
        other = Custody(ledger.store, ledger.manifest, sealing_key=ledger.keys.sealing)
        self._sign(
            ledger.custody, 1, "first", lambda: between(self._sign(other, self._tonnes, "second"))
        )
        return self._signed

    def _sign(
        self, custody: Custody, tonnes: int, key: str, between: Callable[[], None] | None = None
    ) -> Answer:
        request = Request(bytes([self._tonnes]) * 32, key, bytes(32))
        brought = Brought(self._viewer.participant, accepted_body)

        def take(envelope: Envelope) -> Answer:
            self._signed.append(envelope.message["nonce"])
            if between is not None and len(self._signed) == 1:
                between()
            return self._ledger.accept(Asked(envelope, brought, request))

        partial, _ = parse_preparation("Transfer", {"message": TRANSFER | {"tonnes": tonnes}})
        now = self._ledger.clock.now()
        return custody.sign_once(partial, self._viewer, request=request, now=now, take=take)


def test_post_is_refused_when_the_token_has_no_scope_for_custody(entrusted: World) -> None:
    answer = post(entrusted, "Transfer", TRANSFER, entrusted.park.token("enterprise 1"))
    assert (answer.status_code, answer.json()["facts"]) == (403, {"needed": "custody"})


def test_post_is_refused_when_the_service_holds_no_key_for_the_person(entrusted: World) -> None:
    token = entrusted.park.token("enterprise 1", scopes=7)
    answer = post(entrusted, "Transfer", TRANSFER | {"from": "88.111/ENT.0001"}, token)
    assert (answer.status_code, answer.json()["code"]) == (409, "CustodyKeyMissing")
    assert answer.json()["facts"] == {"actor": "88.111/ENT.0001"}


def test_post_is_refused_when_the_message_is_for_another_participant(entrusted: World) -> None:
    message = TRANSFER | {"from": "88.111/ENT.0001", "to": ENTERPRISE}
    answer = post(entrusted, "Transfer", message, entrusted.ids["kept"])
    assert (answer.status_code, answer.json()["code"]) == (403, "KeyNotValid")


@pytest.mark.parametrize(
    ("extra", "pointer"),
    [
        ({"signature": "0x" + "11" * 65}, "/signature"),
        ({"domain": {"chain_id": 1, "contract": "0x" + "11" * 20}}, "/domain"),
        ({"custody": False}, "/custody"),
        ({"custody": "true"}, "/custody"),
    ],
)
def test_post_is_refused_when_it_is_both_signed_and_entrusted(
    entrusted: World, extra: dict[str, Any], pointer: str
) -> None:
    body = {"custody": True, "message": TRANSFER} | extra
    answer = send(entrusted, "POST", "/v1/transfers", entrusted.ids["kept"], json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")
    assert [one["pointer"] for one in answer.json()["facts"]["errors"]] == [pointer]


def test_post_is_refused_when_a_field_is_missing_that_does_not_follow(entrusted: World) -> None:
    message = {name: value for name, value in TRANSFER.items() if name != "tonnes"}
    answer = post(entrusted, "Transfer", message, entrusted.ids["kept"])
    assert (answer.status_code, answer.json()["facts"]) == (
        422,
        {"errors": [{"pointer": "/message/tonnes", "rule": "missing"}]},
    )


def test_post_lines_takes_what_is_entrusted_when_each_is_complete(entrusted: World) -> None:
    token = entrusted.ids["kept"]
    prepared = send(entrusted, "POST", "/v1/prepare/Transfer", token, json={"message": TRANSFER})
    lines = [
        {"type": "Transfer", "custody": True, "message": prepared.json()["message"]},
        {"type": "Transfer", "custody": True, "message": TRANSFER},
    ]
    answer = send(
        entrusted,
        "POST",
        "/v1/submissions",
        token,
        content="\n".join(json.dumps(line) for line in lines),
        headers={"Content-Type": "application/x-ndjson"},
    )
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert told[0]["actor"] == ENTERPRISE
    assert (told[1]["code"], len(told[1]["facts"]["errors"])) == ("FieldInvalid", 2)


def test_keep_is_answered_when_a_verifier_of_a_demo_has_no_custody_key(entrusted: World) -> None:
    message = {"report": entrusted.ids["report_3"], "verifier": "88/VER.0001"}
    message |= {"parameter": "steam", "document": DOCUMENT}
    token = entrusted.park.token("verifier", scopes=7)
    answer = post(entrusted, "Finding", message, token, query="")
    assert (answer.status_code, answer.json()["code"]) == (409, "CustodyKeyMissing")


def test_keep_is_refused_when_the_consumer_signed_another_delivery(entrusted: World) -> None:
    message = delivery(supplier=ENTERPRISE) | {"deadline": entrusted.park.in_hours(24)}
    body = {
        "custody": True,
        "message": message,
        "countersignature": entrusted.bodies["Delivery"]["countersignature"],
    }
    answer = send(entrusted, "POST", "/v1/deliveries", entrusted.ids["kept"], json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "KeyNotValid")


def test_keep_takes_a_delivery_when_the_consumer_signed_the_same(entrusted: World) -> None:
    message = delivery(supplier=ENTERPRISE) | {"deadline": entrusted.park.in_hours(24)}
    theirs = entrusted.park.envelope("Delivery", message, signer="enterprise 2")
    body = {"custody": True, "message": message, "countersignature": theirs["signature"]}
    answer = send(entrusted, "POST", "/v1/deliveries", entrusted.ids["kept"], json=body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("kind", ["VERIFIER", "REGULATOR"])
def test_require_allowed_refuses_when_those_who_judge_are_in_no_demo(
    entrusted: World, kind: str
) -> None:
    ledger = entrusted.park.ledger
    real = replace(ledger.manifest, is_demo=False)
    custody = Custody(ledger.store, real, sealing_key=ledger.keys.sealing)
    with pytest.raises(CustodyForbidden) as refused:
        custody.require_allowed(KINDS[kind])
    assert refused.value.kind == KINDS[kind]
    custody.require_allowed(KINDS["ENTERPRISE"])
    ledger.custody.require_allowed(KINDS[kind])


def test_use_key_is_refused_when_the_chain_has_it_for_another_person(entrusted: World) -> None:
    participant = parse_identifier(ENTERPRISE).hash
    with entrusted.park.ledger.reading() as reading:
        now = freshness(reading).head_time
        (held,) = custody_keys(reading, participant, person=1)
        key = held["address"]
        assert is_usable(reading, participant, key, person=1, now=now)
        assert not is_usable(reading, participant, key, person=2, now=now)
        assert not is_usable(reading, participant, bytes(20), person=1, now=now)


def test_post_is_refused_when_the_custody_key_was_retired(furnished: World, tmp_path: Path) -> None:
    world = furnished.copied(tmp_path / "retired")
    token = entrust(world)
    key = world.park.get(f"/v1/keys?identifier={ENTERPRISE}")["items"][0]["key"]
    ending = world.key_ending("retired") | {"participant": ENTERPRISE, "ended_key": key}
    world.park.act("KeyEnding", ending, signer="park")
    world.park.set_time(world.park.in_hours(1))
    answer = post(world, "Transfer", TRANSFER, token)
    assert (answer.status_code, answer.json()["code"]) == (409, "CustodyKeyMissing")
    world.park.close()
