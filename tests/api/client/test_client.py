"""The client against a real service: one act one effect, every promise checked, reads whole."""

import hashlib
import subprocess
import sys
from typing import Any

import pytest

from api.client import (
    ActUnderWay,
    AnswerWrong,
    Client,
    Known,
    ProblemAnswered,
    ServiceUnavailable,
    resource,
)
from api.client.evidence import MeterMonth
from api.client.exchange import Exchange
from api.client.signing import id_of
from ledger.period import Period
from tests.api.client.conftest import signer_of
from tests.api.client.unreliable import Unreliable, altered, answered, lost, unreachable
from tests.api.world import World
from tests.messages import transfer
from tests.park import READ

TRANSFERS = "/v1/transfers"
SEED = bytes(range(32))
SERVER_LIBRARIES = ("fastapi", "starlette", "sqlalchemy", "web3", "pydantic", "eth", "uvicorn")

pytestmark = pytest.mark.slow  # a served park for each test


def _transfer(**changes: Any) -> dict[str, Any]:
    return transfer(tonnes=10, nonce=3, **changes)


def _month(**changes: Any) -> MeterMonth:
    lines = ["stamp,quantity"]
    lines += [f"2023-02-{d:02}T{h:02}:00:00+08:00,1.5" for d in range(1, 29) for h in range(24)]
    fields: dict[str, Any] = {
        "meter": "88.111.1/MTR.0001",
        "period": Period(202302),
        "unit": "kWh",
        "step_seconds": 3600,
        "seed": SEED,
        "content": "\n".join([*lines, ""]).encode(),
    }
    return MeterMonth(**fields | changes)


def test_import_client_brings_no_server_when_it_runs_in_a_process_of_its_own() -> None:
    program = f"import sys, api.client; print([n for n in {SERVER_LIBRARIES} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_submit_gives_its_own_id_and_a_checked_promise_when_it_is_taken(mine: Client) -> None:
    done = mine.submit("Transfer", _transfer(deadline="2030-01-01T00:00:00Z"))
    assert done.id == id_of("Transfer", _transfer(deadline="2030-01-01T00:00:00Z"))
    assert (done.state, done.resource) == ("accepted", f"{TRANSFERS}/{done.id}")
    assert done.acknowledgement is not None
    assert done.acknowledgement.actor == "88.111/ENT.0001"
    assert done.acknowledgement.carry_by - done.acknowledgement.accepted_at == 600


def test_wait_gives_the_submission_when_it_is_final(mine: Client) -> None:
    done = mine.submit("Transfer", _transfer())
    assert mine.wait(done.id)["state"] == "final"
    assert mine.get(done.resource)["tonnes"] == 10


def test_submit_carries_it_when_somebody_else_signed(mine: Client, held: World) -> None:
    allocation = held.acts["Allocation"][0]
    done = mine.submit("Allocation", allocation, key=held.park.key("regulator"))
    assert mine.wait(done.id)["actor"] == "88/REG.310000"


def test_submit_keeps_the_key_and_has_one_effect_when_answers_get_lost(
    mine: Client, transport: Unreliable
) -> None:
    transport.fail(TRANSFERS, lost, unreachable, lost)
    done = mine.submit("Transfer", _transfer())
    mine.wait(done.id)
    assert len(transport.keys(TRANSFERS)) == 4
    assert len(set(transport.keys(TRANSFERS))) == 1
    moved = [one for one in mine.items(TRANSFERS) if one["nonce"] == 3]
    assert [one["id"] for one in moved] == [done.id]


def test_submit_uses_the_key_given_when_a_command_is_repeated(
    mine: Client, transport: Unreliable
) -> None:
    first = mine.submit("Transfer", _transfer(deadline="2030-01-01T00:00:00Z"), idempotency_key="a")
    again = mine.submit("Transfer", _transfer(deadline="2030-01-01T00:00:00Z"), idempotency_key="a")
    assert first == again
    assert transport.keys(TRANSFERS) == ["a", "a"]


def test_submit_counts_as_done_when_the_act_came_under_another_key(mine: Client) -> None:
    message = _transfer(deadline="2030-01-01T00:00:00Z")
    first = mine.submit("Transfer", message)
    mine.wait(first.id)
    again = mine.submit("Transfer", message)
    assert (again.id, again.state, again.acknowledgement) == (first.id, "final", None)


def test_submit_raises_the_problem_when_it_is_refused(mine: Client) -> None:
    with pytest.raises(ProblemAnswered) as refused:
        mine.submit("Transfer", _transfer(to="88.111/ENT.0001"))
    told = refused.value
    assert (told.code, told.status) == ("AccountsEqual", 422)
    assert told.facts == {"account": "88.111/ENT.0001"}
    assert told.next


def test_submit_raises_the_others_problem_when_another_act_has_the_nonce(mine: Client) -> None:
    mine.wait(mine.submit("Transfer", _transfer()).id)
    with pytest.raises(ProblemAnswered) as refused:
        mine.wait(mine.submit("Transfer", _transfer() | {"tonnes": 11}).id)
    assert refused.value.code == "NonceUsed"


def test_submit_keeps_a_delivery_when_both_have_signed(mine: Client, held: World) -> None:
    message = held.acts["Delivery"][0]
    done = mine.submit("Delivery", message, second_key=held.park.key("enterprise 2"))
    assert (done.state, done.acknowledgement) == ("final", None)
    assert mine.get(f"/v1/deliveries/{done.id}")["megajoules"] == 3_600


def test_submit_proves_possession_when_a_key_is_added(mine: Client, held: World) -> None:
    message = held.acts["KeyAddition"][0]
    done = mine.submit("KeyAddition", message, second_key=held.park.key("fresh"))
    assert mine.wait(done.id)["state"] == "final"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda told: told.update(id="0x" + "11" * 31 + "00"), "id"),
        (lambda told: told.pop("acknowledgement"), "acknowledgement"),
        (lambda told: told["acknowledgement"].update(head="0x12"), "acknowledgement"),
        (lambda told: told["acknowledgement"].update(service="88/SVC.0002"), "service"),
        (lambda told: told["acknowledgement"].update(carry_by="2031-01-01T00:00:00Z"), "carry_by"),
        (lambda told: told["acknowledgement"].update(carry_by="2021-01-01T00:00:00Z"), "carry_by"),
        (lambda told: told["acknowledgement"].update(head="0x" + "11" * 32), "signature"),
        (lambda told: told["acknowledgement"].update(signature="0x" + "11" * 65), "signature"),
        (lambda told: told.update(actor="88.111/ENT.0002"), "signature"),
    ],
)
def test_submit_believes_nothing_when_the_promise_is_not_the_services(
    mine: Client, transport: Unreliable, change: Any, what: str
) -> None:
    transport.fail(TRANSFERS, altered(change))
    with pytest.raises(AnswerWrong) as refused:
        mine.submit("Transfer", _transfer())
    assert refused.value.what == what


def test_submit_believes_nothing_when_the_service_is_not_the_one_known(
    held: World, held_url: str, mine: Client
) -> None:
    stranger = Known(mine.known.chain_id, mine.known.contracts, "88/SVC.0001", bytes(20))
    signer = signer_of(held, "enterprise 1")
    with Client(held_url, signer=signer, known=stranger) as client, pytest.raises(AnswerWrong):
        client.submit("Transfer", _transfer())


def test_read_manifest_is_refused_when_it_is_none(held_url: str, transport: Unreliable) -> None:
    transport.fail("/.well-known/carbonledger", answered(200, {"chain_id": 7}))
    with pytest.raises(AnswerWrong) as refused:
        _ = Client(Exchange(held_url, transport=transport)).known
    assert refused.value.what == "manifest"


def test_wait_raises_the_contracts_problem_when_it_refused(mine: Client, held: World) -> None:
    held.park.hold()
    first = mine.submit("Transfer", _transfer() | {"tonnes": 11})
    second = mine.submit("Transfer", _transfer())
    held.park.release()
    mine.wait(first.id)
    with pytest.raises(ProblemAnswered) as refused:
        mine.wait(second.id)
    assert (refused.value.code, refused.value.problem["decided_by"]) == ("NonceUsed", "contract")


def test_wait_says_how_far_it_is_when_time_runs_out(mine: Client, held: World) -> None:
    held.park.hold()
    done = mine.submit("Transfer", _transfer())
    with pytest.raises(ActUnderWay) as under_way:
        mine.wait(done.id, seconds=0)
    held.park.release()
    assert under_way.value.facts["id"] == done.id
    assert under_way.value.facts["awaited"] == "final"


def test_prepare_gives_the_message_in_words_when_the_service_completes_it(mine: Client) -> None:
    told = mine.prepare("Transfer", transfer(tonnes=10, nonce=3))
    assert told["message"]["tonnes"] == 10
    assert told["refusals"] == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda told: told["message"].update(tonnes=99), "message"),
        (lambda told: told["message"].update(deadline="2030-01-01T00:00:00Z"), "digest"),
        (lambda told: told.update(digest="0x" + "11" * 32), "digest"),
        (lambda told: told.update(id="0x" + "11" * 31 + "00"), "id"),
    ],
)
def test_prepare_believes_nothing_when_it_is_not_what_was_asked(
    mine: Client, transport: Unreliable, change: Any, what: str
) -> None:
    transport.fail("/v1/prepare/Transfer", altered(change))
    with pytest.raises(AnswerWrong) as refused:
        mine.prepare("Transfer", transfer(tonnes=10, nonce=3))
    assert refused.value.what == what


def test_open_session_happens_once_when_several_things_are_asked(
    mine: Client, transport: Unreliable
) -> None:
    for _ in range(3):
        mine.get(resource("accounts", "88.111/ENT.0001"))
    assert len(transport.keys("/v1/sessions")) == 1


def test_open_session_happens_again_when_the_first_one_ended(
    mine: Client, held: World, transport: Unreliable
) -> None:
    mine.get("/v1/grants")
    held.park.set_time(held.park.in_hours(13))
    assert mine.get("/v1/grants")["items"] == []
    assert len(transport.keys("/v1/sessions")) == 2


def test_open_session_signs_another_access_when_the_answer_got_lost(
    mine: Client, transport: Unreliable
) -> None:
    transport.fail("/v1/sessions", lost)
    assert mine.get("/v1/grants")["items"] == []
    assert len(transport.keys("/v1/sessions")) == 3


def test_read_asks_for_no_session_when_a_token_was_given(
    held: World, held_url: str, transport: Unreliable
) -> None:
    token = held.park.token("enterprise 1", scopes=READ)
    with Client(Exchange(held_url, transport=transport), token=token) as client:
        assert client.get("/v1/grants")["items"] == []
    assert transport.keys("/v1/sessions") == []


def test_read_raises_the_problem_when_the_token_given_opens_nothing(held_url: str) -> None:
    with Client(held_url, token="clt_x") as client, pytest.raises(ProblemAnswered) as refused:
        client.get("/v1/grants")
    assert refused.value.code == "TokenInvalid"


def test_list_items_gives_every_one_once_when_there_are_pages(reader: Client) -> None:
    whole = [one["id"] for one in reader.items("/v1/reports")]
    page = reader.get("/v1/reports", limit="2")
    assert page["next"] is not None
    paged = [one["id"] for one in page["items"]]
    while page["next"] is not None:
        page = reader.get(page["next"])
        paged += [one["id"] for one in page["items"]]
    assert paged == whole
    assert len(set(whole)) == len(whole) > 4


def test_upload_gives_the_digest_when_it_is_kept(mine: Client) -> None:
    digest = mine.upload(b"a calculation", kind="calculation")
    assert digest == "0x" + hashlib.sha256(b"a calculation").hexdigest()
    assert mine.get_bytes(f"/v1/documents/{digest}") == b"a calculation"


def test_upload_believes_nothing_when_the_digest_is_another(
    mine: Client, transport: Unreliable
) -> None:
    transport.fail("/v1/documents", altered(lambda told: told.update(digest="0x" + "11" * 32)))
    with pytest.raises(AnswerWrong) as refused:
        mine.upload(b"a calculation", kind="calculation")
    assert refused.value.what == "digest"


def test_upload_readings_gives_the_root_when_both_computed_it(mine: Client) -> None:
    told = mine.upload_readings(_month())
    assert told["root"] == "0x" + _month().tree.root.hex()
    assert told["leaves"] == 28 * 24


@pytest.mark.parametrize(("field", "value"), [("root", "0x" + "11" * 32), ("leaves", 671)])
def test_upload_readings_believes_nothing_when_the_service_computes_otherwise(
    mine: Client, transport: Unreliable, field: str, value: Any
) -> None:
    transport.fail("/v1/documents", altered(lambda told: told.update({field: value})))
    with pytest.raises(AnswerWrong) as refused:
        mine.upload_readings(_month())
    assert refused.value.what == field


def test_upload_readings_believes_nothing_when_the_unit_is_not_the_registered_one(
    mine: Client,
) -> None:
    with pytest.raises(AnswerWrong) as refused:
        mine.upload_readings(_month(unit="MWh"))
    assert refused.value.what == "root"


def test_read_is_refused_when_the_answer_is_no_strict_json(
    mine: Client, transport: Unreliable
) -> None:
    transport.fail("/v1/assets", answered(200, {"items": 1.5}))
    with pytest.raises(AnswerWrong) as refused:
        mine.get("/v1/assets")
    assert refused.value.what == "json"


def test_read_says_unavailable_when_nobody_answers(
    mine: Client, transport: Unreliable, naps: list[float]
) -> None:
    transport.fail("/v1/assets", *[unreachable] * 5)
    with pytest.raises(ServiceUnavailable) as refused:
        mine.get("/v1/assets")
    assert refused.value.facts == {"url": mine.exchange.url, "reason": "ConnectError"}
    assert naps == [0.1, 0.2, 0.4, 0.8]
