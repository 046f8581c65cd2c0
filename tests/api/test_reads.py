"""What is read: lists by cursor and filter, freshness, roll-ups over time, health."""

from typing import Any
from urllib.parse import urlencode

import pytest

from api.nouns import NOUNS
from identity.keccak import keccak256
from ledger.chain.bindings import KINDS
from ledger.errors import LedgerHalted
from ledger.messages import OFF_CHAIN
from tests import messages as valid
from tests.api.next_messages import OTHERS_FACILITY, facility
from tests.api.world import World

LISTED = [
    noun
    for noun, name in NOUNS.items()
    if name not in OFF_CHAIN and name not in ("Registration", "KeyAddition")
]
MINE = "88.111/ENT.0001"
FRESH = [
    "/.well-known/carbonledger",
    "/v1/identifiers",
    "/v1/identifiers/88.111",
    f"/v1/identifiers/{MINE}",
    f"/v1/keys?identifier={MINE}",
    f"/v1/accounts/{MINE}",
    "/v1/assets",
    "/v1/deliveries",
    "/v1/compliance/2023",
    f"/v1/compliance/2023/{MINE}",
    "/v1/park/88/PARK.0001?period=2023",
    "/v1/submissions/$surrendered",
    "/v1/surrenders/$surrendered",
    "/v1/reports/$report_3/findings",
    *(f"/v1/{noun}" for noun in LISTED),
]


def _walk(world: World, path: str) -> list[str]:
    """The ids of all pages."""
    ids: list[str] = []
    following: str | None = path
    while following:
        page = world.park.get(following)
        ids += [item["id"] for item in page["items"]]
        following = page["next"]
    return ids


@pytest.mark.parametrize("path", FRESH)
def test_get_tells_how_far_it_has_read_when_the_mirror_answers(world: World, path: str) -> None:
    for name, act_id in world.ids.items():
        path = path.replace(f"${name}", act_id)
    told = world.park.get(path)
    head = int(world.park.ledger.rpc("eth_blockNumber", []), 16)
    assert (told["as_of_block"], told["final_block"]) == (head, head)
    assert told["as_of_time"] == world.now


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_walk_gives_every_act_once_when_pages_are_small(world: World, limit: int) -> None:
    whole = [item["id"] for item in world.park.get("/v1/reports")["items"]]
    assert len(whole) == 7
    assert _walk(world, f"/v1/reports?limit={limit}") == whole


def test_walk_stays_in_its_snapshot_when_acts_arrive(held: World) -> None:
    before = _walk(held, "/v1/reports")
    first = held.park.get("/v1/reports?limit=3")
    newer = valid.report(period="2021")
    arrived = held.park.act("Report", newer, signer="enterprise 1")
    rest = _walk(held, first["next"])
    assert [item["id"] for item in first["items"]] + rest == before
    assert _walk(held, "/v1/reports?limit=3") == [*before, arrived]


def test_walk_refuses_the_cursor_when_the_filters_are_others(world: World) -> None:
    following = world.park.get(f"/v1/reports?limit=1&facility={facility(3)}")["next"]
    foreign = following.replace("FAC.0003", "FAC.0004")
    answer = world.park.http.get(foreign)
    assert (answer.status_code, answer.json()["facts"]) == (400, {"reason": "filters"})


def test_walk_keeps_its_filters_when_it_goes_on(world: World) -> None:
    ids = _walk(world, f"/v1/reports?limit=1&facility={facility(3)}")
    assert ids == [world.ids["stale"], world.ids["report_3"]]


@pytest.mark.parametrize("noun", LISTED)
def test_list_gives_only_what_fits_when_a_filter_is_set(world: World, noun: str) -> None:
    items = world.park.get(f"/v1/{noun}")["items"]
    known = world.park.http.get(f"/v1/{noun}?nothing=1").json()["facts"]["known"]
    assert items or noun in ("records", "ties", "reopenings", "cancellations")
    for name in known:
        for value in {_value(item, name) for item in items} - {None}:
            found = world.park.get(f"/v1/{noun}?{urlencode({name: value})}")["items"]
            assert found == [item for item in items if _value(item, name) == value], name


def _value(item: dict[str, Any], name: str) -> Any:
    """What a filter asks for: a year is that of the period; an assignment is open till its end."""
    if name == "year" and name not in item:
        return item["first_year"] if "first_year" in item else item["period"][:4]
    if name == "state" and item["type"] == "Assignment":
        return "closed" if item["ties"] else "open"
    return item[name]


@pytest.mark.parametrize(
    ("query", "count"),
    [("kind=meter", 3), ("parent=88.111.1", 7), ("parent=88.111&kind=prefix", 3)],
)
def test_list_identifiers_gives_only_what_fits_when_filtered(
    world: World, query: str, count: int
) -> None:
    items = world.park.get(f"/v1/identifiers?{query}")["items"]
    assert len(items) == count
    assert {item["kind"] for item in items} <= {name.lower() for name in KINDS}


def test_get_identifier_shows_keys_and_standing_when_it_is_a_participant(world: World) -> None:
    told = world.park.get(f"/v1/identifiers/{MINE}")
    assert (told["kind"], told["owner"], told["standing"]) == ("enterprise", "88/PARK.0001", 71)
    keys = {key["key"]: key for key in told["keys"]}
    assert keys[world.address("compromised")]["compromised_since"] == "2022-12-01T00:00:10Z"
    assert keys[world.address("reporter")]["rights"] == 2


def test_get_identifier_shows_the_accreditation_when_it_is_a_verifier(world: World) -> None:
    told = world.park.get("/v1/identifiers/88/VER.0003")["accreditation"]
    assert (told["valid_until"], told["sectors"]) == ("2022-12-01T00:00:01Z", 7)


@pytest.mark.parametrize(
    ("at", "names"),
    [
        ("2022-11-30T00:00:00Z", []),
        ("2030-01-01T00:00:00Z", ["enterprise 1", "reporter"]),
        ("2041-01-01T00:00:00Z", []),
    ],
)
def test_list_keys_gives_the_valid_ones_when_asked_for_a_time(
    world: World, at: str, names: list[str]
) -> None:
    items = world.park.get(f"/v1/keys?identifier={MINE}&at={at}")["items"]
    assert [item["key"] for item in items] == [world.address(name) for name in names]


def test_get_account_shows_buckets_and_flows_when_quota_moved(world: World) -> None:
    (holding,) = world.park.get(f"/v1/accounts/{MINE}")["holdings"]
    assert holding == {
        "asset": "PARK-2023",
        "available": 850,
        "trading": 0,
        "pending": 0,
        "frozen": 0,
        "spent": 50,
        "revision": 1,
        "next_nonce": 3,
        "allocated": 1000,
        "received": 0,
        "sent": 100,
        "surrendered": 50,
    }


def test_list_assets_shows_cap_and_issue_when_quota_is_issued(world: World) -> None:
    (asset,) = world.park.get("/v1/assets")["items"]
    shown = {name: value for name, value in asset.items() if name.endswith("_tonnes")}
    assert shown == {
        "cap_tonnes": 10_000,
        "issued_tonnes": 1000,
        "surrendered_tonnes": 50,
        "cancelled_tonnes": 0,
    }


def test_get_park_counts_confirmed_tonnes_when_two_figures_are_confirmed(world: World) -> None:
    told = world.park.get("/v1/park/88/PARK.0001?period=2023")
    shown = (told["identifier"], told["gross_tonnes"], told["internal_tonnes"], told["net_tonnes"])
    assert shown == ("88/PARK.0001", 150, 0, 150)
    assert (told["held_tonnes"], told["peak_month"], told["warning_month"]) == (1000, None, None)


def test_get_rules_gives_the_pack_when_its_hash_is_asked(world: World) -> None:
    (pack,) = world.park.get("/v1/rules")["items"]
    assert world.park.get(f"/v1/rules/{pack['hash']}") == pack


def test_get_well_known_tells_what_the_chain_says_when_a_client_wants_to_sign(
    world: World,
) -> None:
    told, ask = world.park.get("/.well-known/carbonledger"), world.park.ledger.rpc
    assert told["chain_id"] == int(ask("eth_chainId", []), 16)
    assert told["genesis"] == ask("eth_getBlockByNumber", ["0x0", False])["hash"]
    assert told["head"] == world.head()
    for contract in told["contracts"].values():
        code = bytes.fromhex(ask("eth_getCode", [contract["address"], "latest"])[2:])
        assert contract["code_hash"] == "0x" + keccak256(code).hex()


def test_list_findings_shows_the_finding_when_a_verifier_signed_one(held: World) -> None:
    body = held.bodies["Finding"]
    held.park.post("Finding", body)
    (item,) = held.park.get(f"/v1/reports/{held.ids['report_3']}/findings")["items"]
    assert {name: item[name] for name in body["message"]} == body["message"]
    assert item["signature"] == body["signature"]
    assert held.park.get(f"/v1/reports/{held.ids['stale']}/findings")["items"] == []


@pytest.mark.parametrize(
    ("name", "state"),
    [("stale", "superseded"), ("report_3", "submitted"), ("report_4", "attested")],
)
def test_get_report_tells_its_state_when_later_acts_came(
    world: World, name: str, state: str
) -> None:
    assert world.park.get(f"/v1/reports/{world.ids[name]}")["state"] == state


def _standing(world: World) -> tuple[str, str, str | None]:
    told = world.park.get("/v1/compliance/2023/88.111/ENT.0002")
    return told["phase"], told["status"], told["next"][0]["act"] if told["next"] else None


def _confirm_others(world: World) -> list[tuple[str, str, str | None]]:
    """The second enterprise's year up to the confirmation; how it stood after each step."""
    act, there = world.park.act, {"facility": OTHERS_FACILITY}
    stood = [_standing(world)]
    reported = act("Report", valid.report(**there), signer="enterprise 2")
    stood.append(_standing(world))
    act("Assignment", valid.assignment(enterprise="88.111/ENT.0002"), signer="regulator")
    attested = act("Statement", valid.statement(reported, **there), signer="verifier")
    message = valid.confirmation(attested, account="88.111/ENT.0002", **there)
    act("Confirmation", message, signer="regulator")
    return [*stood, _standing(world)]


def _surrender_others(world: World) -> None:
    message = valid.surrender(account="88.111/ENT.0002", nonce=1)
    world.park.act("Surrender", message, signer="enterprise 2")


def test_get_compliance_follows_the_year_when_each_step_is_done_in_time(held: World) -> None:
    stood = _confirm_others(held)
    _surrender_others(held)
    stood.append(_standing(held))
    held.park.set_time("2024-12-31T16:00:00Z")
    assert [*stood, _standing(held)] == [
        ("reporting", "open", "report"),
        ("verifying", "open", "await_verification"),
        ("due", "open", "surrender"),
        ("due", "compliant", None),
        ("closed", "compliant", None),
    ]


def test_get_compliance_is_late_when_the_surrender_comes_after_the_deadline(held: World) -> None:
    _confirm_others(held)
    held.park.set_time("2024-12-31T15:59:59Z")
    stood = [_standing(held)]
    held.park.set_time("2024-12-31T16:00:00Z")
    stood.append(_standing(held))
    _surrender_others(held)
    assert [*stood, _standing(held)] == [
        ("due", "open", "surrender"),
        ("closed", "short", "surrender"),
        ("closed", "late_compliant", None),
    ]


def test_list_compliance_gives_only_what_fits_when_filtered(world: World) -> None:
    whole = world.park.get("/v1/compliance/2023")["items"]
    assert [item["enterprise"] for item in whole] == [f"88.111/ENT.000{n}" for n in (1, 2, 3)]
    assert world.park.get("/v1/compliance/2023?status=open")["items"] == whole
    assert world.park.get("/v1/compliance/2023?status=short")["items"] == []


def test_answer_health_says_ready_when_everything_runs(world: World) -> None:
    assert world.park.get("/healthz") == {"status": "alive"}
    told: dict[str, Any] = world.park.get("/readyz")
    assert told == {
        "ready": True,
        "halted": None,
        "mirror_lag_blocks": 0,
        "oldest_waiting_seconds": None,
        "clock_off_seconds": 0,
    }


def test_answer_health_says_503_when_the_ledger_has_halted(held: World) -> None:
    held.park.ledger.engine.halted = LedgerHalted("receipts_root", 7)
    ready = held.park.http.get("/readyz")
    assert (ready.status_code, ready.json()["halted"]) == (503, "receipts_root")
    assert held.park.http.get("/healthz").status_code == 200


@pytest.mark.parametrize("message_type", ["Transfer", "Delivery"])
def test_post_is_refused_and_reads_go_on_when_the_ledger_has_halted(
    held: World, message_type: str
) -> None:
    held.park.ledger.engine.halted = LedgerHalted("receipts_root", 7)
    told = held.park.post(message_type, held.bodies[message_type], wait=False).json()
    assert (told["status"], told["code"]) == (503, "LedgerHalted")
    assert told["facts"] == {"reason": "receipts_root", "block": 7}
    assert held.park.get("/v1/reports")["items"]


def test_list_compliance_finds_the_tenants_when_a_park_is_asked_for(world: World) -> None:
    def enterprises(query: str) -> list[str]:
        told = world.park.get(f"/v1/compliance/2023{query}", by="regulator")
        return [one["enterprise"] for one in told["items"]]

    assert enterprises("?park=88/PARK.0001") == enterprises("")
    assert len(enterprises("")) > 1
    assert enterprises("?park=88/VER.0001") == []


def test_read_evidence_tells_what_is_late_and_replaced_when_a_month_comes_again(
    held: World,
) -> None:
    """Forty days after January's end the 12th of March begins at +08:00: then it is late."""
    park = held.park
    figure = {"facility": facility(2), "period": "2024"}
    park.set_time("2024-03-11T15:59:00Z")
    first = park.act("Evidence", valid.evidence(**figure, month="2024-01"), signer="enterprise 1")
    park.set_time("2024-03-11T16:00:00Z")
    second = park.act(
        "Evidence",
        valid.evidence(**figure, month="2024-01", follows=first),
        signer="enterprise 1",
    )
    park.set_time("2024-04-09T16:00:00Z")
    february = valid.evidence(**figure, month="2024-02", follows=second)
    park.act("Evidence", february, signer="enterprise 1")
    told = {one: park.get(f"/v1/evidence/{one}") for one in (first, second)}
    assert [(one["state"], one["is_late"]) for one in told.values()] == [
        ("replaced", False),
        ("anchored", True),
    ]
    listed = park.get(f"/v1/evidence?facility={facility(2)}&state=replaced")["items"]
    assert [one["id"] for one in listed] == [first]
    year = park.get("/v1/compliance/2024/88.111/ENT.0001")
    mine = next(one for one in year["facilities"] if one["facility"] == facility(2))
    assert (mine["evidence_months"], mine["late_months"]) == (2, 1)


def test_list_assignments_gives_those_of_the_year_when_it_is_asked_for(held: World) -> None:
    wide = valid.assignment(first_year=2024, last_year=2025, revision=2)
    held.park.act("Assignment", wide, signer="regulator")
    found = held.park.get("/v1/assignments?year=2025")["items"]
    assert [one["first_year"] for one in found] == [2024]
    assert held.park.get("/v1/assignments?year=2022")["items"] == []


@pytest.mark.parametrize("length", [256, 20_000])
def test_list_identifiers_is_refused_when_the_text_is_longer_than_any_name(
    world: World, length: int
) -> None:
    answer = world.park.http.get("/v1/identifiers", params={"text": "%" * length})
    assert answer.status_code == 422
    assert answer.json()["facts"] == {"errors": [{"pointer": "/text", "rule": "at_most:255"}]}
