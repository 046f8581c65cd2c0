"""The checker that needs nothing of ours: it agrees with us, and refuses whatever was altered."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.fields import hex_text
from identity.identifier import parse_identifier
from identity.keys import address_of, generate_key
from identity.signature import sign_digest
from identity.typed_data import Domain, act_id, digest, struct_hash
from ledger.chain.bindings import MESSAGES
from scripts import check_proof
from tests.api.proven import OTHER_SIGNER, SIGNER, STAMP, proof_of, prove
from tests.api.test_documents import METER
from tests.api.world import World
from tests.house.source_tree import ROOT

OTHER = "2023-02-03T05:00:00+08:00"
NOTHING = "0x" + "00" * 32
CHECKER = ROOT / "scripts" / "check_proof.py"
Proof = dict[str, Any]


@pytest.fixture(scope="module")
def made(
    furnished: World, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Proof, Proof, dict[str, str]]:
    """Two proofs of a corrected report, one reading disclosed in each; addresses by key's name."""
    world = furnished.copied(tmp_path_factory.mktemp("proven") / "park")
    report = prove(world)
    proofs = [proof_of(world, report, meter=METER, stamp=stamp).json() for stamp in (STAMP, OTHER)]
    addresses = {name: world.address(name) for name in (SIGNER, OTHER_SIGNER)}
    world.park.close()
    return proofs[0], proofs[1], addresses


@pytest.fixture(scope="module")
def proof(made: tuple[Proof, Proof, dict[str, str]]) -> Proof:
    return made[0]


@pytest.fixture(scope="module")
def keys(made: tuple[Proof, Proof, dict[str, str]]) -> list[str]:
    return list(made[2].values())


def test_check_tells_what_is_proven_when_the_proof_is_whole(
    made: tuple[Proof, Proof, dict[str, str]],
) -> None:
    proof, _, addresses = made
    facility = "0x" + parse_identifier("88.111.1/FAC.0001").hash.hex()
    meter = "0x" + parse_identifier(METER).hash.hex()
    expected = {"key": list(addresses.values()), "contract": [proof["contract"]]}
    lines = check_proof.check(proof, expected | {"chain_id": [str(proof["chain_id"])]})
    assert lines[:7] == [
        f"{addresses[SIGNER]} signed report {proof['report']}",
        f"  facility 88.111.1/FAC.0001 ({facility}), period 202302",
        "  3 g direct + 4 g indirect = 7 g CO2e",
        "  follows 3 acts; evidence of 2 months",
        f"  {addresses[OTHER_SIGNER]} signed the evidence of 202301",
        f"  {addresses[SIGNER]} signed the evidence of 202302",
        f"  in it a reading: {METER} ({meter}), {STAMP}: 52.25 kWh",
    ]
    assert [line.split(":")[0] for line in lines[7:]] == ["not proven"] * 3


def test_check_tells_the_same_in_chinese_when_the_language_is_zh(proof: Proof) -> None:
    english, chinese = check_proof.check(proof, {}), check_proof.check(proof, {}, "zh")
    assert len(english) == len(chinese)
    for lines in zip(english, chinese, strict=True):
        facts = [set(re.findall("0x[0-9a-f]+|[0-9]{2,}", line)) for line in lines]
        assert facts[0] == facts[1]
        assert re.search("[\u4e00-\u9fff]", lines[1])


def test_check_proves_the_report_alone_when_no_reading_is_disclosed(proof: Proof) -> None:
    alone, whole = check_proof.check(proof | {"reading": None}, {}), check_proof.check(proof, {})
    assert alone == [line for line in whole if not line.startswith("  in it a reading")]


@pytest.mark.parametrize(
    ("name", "value"),
    [("key", "0x" + "11" * 20), ("contract", "0x" + "11" * 20), ("chain_id", "1")],
)
def test_check_is_refused_when_another_signer_chain_or_contract_is_expected(
    proof: Proof, name: str, value: str
) -> None:
    with pytest.raises(check_proof.Refused) as caught:
        check_proof.check(proof, {name: [value]})
    assert caught.value.args[:2] == ("expected", name)


def test_check_is_refused_when_one_of_two_signers_is_not_expected(
    made: tuple[Proof, Proof, dict[str, str]],
) -> None:
    with pytest.raises(check_proof.Refused) as caught:
        check_proof.check(made[0], {"key": [made[2][SIGNER]]})
    assert caught.value.args == ("expected", "key", made[2][OTHER_SIGNER])


def _places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every member and entry of a document."""
    match value:
        case dict():
            inner = list(value.items())
        case list():
            inner = list(enumerate(value))
        case _:
            return [way]
    found = [place for key, each in inner for place in _places(each, (*way, key))]
    return [way, *found] if way else found


def _altered(proof: Proof, way: tuple[Any, ...], alter: Callable[[Any, Any], None]) -> Proof:
    changed = deepcopy(proof)
    target: Any = changed
    for key in way[:-1]:
        target = target[key]
    alter(target, way[-1])
    return changed


def _other(value: Any) -> Any:
    """The value with one thing changed."""
    match value:
        case bool() | None:
            return 1
        case int():
            return value + 1
        case str() if value.startswith("0x"):
            return value[:-1] + ("0" if value[-1] != "0" else "1")
        case str():
            return value[:-1] + ("2" if value[-1:] != "2" else "3")
        case list():
            return value[:-1]
    return {**value, "more": 1}


def _change(target: Any, key: Any) -> None:
    target[key] = _other(target[key])


def _remove(target: Any, key: Any) -> None:
    del target[key]


def _double(target: Any, key: Any) -> None:
    if isinstance(target, list):
        target.insert(key, deepcopy(target[key]))
    else:
        target[f"{key} "] = target[key]


@pytest.mark.slow  # hundreds of files, each checked in plain Python
@pytest.mark.parametrize("alter", [_change, _remove, _double])
def test_check_is_refused_when_anything_in_the_file_is_altered(
    proof: Proof, alter: Callable[[Any, Any], None]
) -> None:
    """Nothing is expected from outside: the file alone tells that it was altered."""
    places = _places(proof)
    assert len(places) > 70
    for way in places:
        altered = _altered(proof, way, alter)
        if altered == proof:
            continue  # an empty path has nothing to lose
        with pytest.raises(check_proof.Refused):
            check_proof.check(altered, {})


@pytest.mark.slow  # every pair of neighbours in a file, each checked in plain Python
def test_check_is_refused_when_two_values_of_a_kind_are_swapped(proof: Proof) -> None:
    places = [way for way in _places(proof) if isinstance(_at(proof, way), str | int)]
    for one, other in zip(places, [*places[1:], places[0]], strict=True):
        values = _at(proof, one), _at(proof, other)
        if values[0] != values[1]:
            swapped = _altered(proof, one, _putting(values[1]))
            with pytest.raises(check_proof.Refused):
                check_proof.check(_altered(swapped, other, _putting(values[0])), {})


def _at(document: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        document = document[key]
    return document


def _putting(value: Any) -> Callable[[Any, Any], None]:
    return lambda target, key: target.__setitem__(key, value)


def test_check_is_refused_when_acts_are_left_out_or_stand_in_another_order(proof: Proof) -> None:
    acts = proof["acts"]
    for mixed in ([acts[1], *acts[2:], acts[0]], acts[:-1], acts[1:-1], acts[2:], [acts[0]] * 2):
        with pytest.raises(check_proof.Refused):
            check_proof.check(proof | {"acts": mixed}, {})


def test_check_is_refused_when_any_part_of_a_reading_is_of_another(
    made: tuple[Proof, Proof, dict[str, str]],
) -> None:
    proof, other, _ = made
    statements = [check_proof.check(one, {}) for one in (proof, other)]
    assert statements[0] != statements[1]
    for way in _places(proof["reading"]):
        theirs = _at(other["reading"], way)
        mixed = deepcopy(proof)
        _altered_in_place(mixed["reading"], way, theirs)
        if mixed != proof:
            with pytest.raises(check_proof.Refused):
                check_proof.check(mixed, {})
    assert check_proof.check(proof | {"reading": other["reading"]}, {}) == statements[1]


def _altered_in_place(document: Any, way: tuple[Any, ...], value: Any) -> None:
    _at(document, way[:-1])[way[-1]] = value


def test_check_is_refused_when_the_evidence_was_replaced_by_later_one(proof: Proof) -> None:
    """A month anchored again is what counts: the acts of both are there and truly signed."""
    key = generate_key()
    first, second = proof["acts"][3], proof["acts"][2]
    chain = [second["message"] | {"follows": NOTHING}]
    chain.append(first["message"] | {"month": 202302, "follows": _id("Evidence", chain[0])})
    report = proof["acts"][0]["message"] | {"follows": _id("Evidence", chain[1])}
    for acts, holds in (([chain[0]], True), (chain, False)):
        last = _id("Evidence", acts[-1])
        signed = [_signed(proof, "Report", report | {"follows": last}, key)]
        signed += [_signed(proof, "Evidence", act, key) for act in acts[::-1]]
        changed = {"acts": signed, "report": _id("Report", report | {"follows": last})}
        if holds:
            assert check_proof.check(proof | changed, {})
        else:
            with pytest.raises(check_proof.Refused, match="reading"):
                check_proof.check(proof | changed, {})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"month": 202401}, "figure"), ({"facility": "88.111.1/FAC.0002"}, "figure"),
     ({"period": 202301}, "figure"), ({"follows": "0x" + "11" * 31 + "00"}, "chain")],
)  # fmt: skip
def test_check_is_refused_when_a_truly_signed_act_belongs_elsewhere(
    proof: Proof, changes: dict[str, Any], reason: str
) -> None:
    key = generate_key()
    anchored = proof["acts"][3]["message"] | changes
    report = proof["acts"][0]["message"] | {"follows": _id("Evidence", anchored)}
    acts = [_signed(proof, "Report", report, key), _signed(proof, "Evidence", anchored, key)]
    moved = proof | {"acts": acts, "report": _id("Report", report), "reading": None}
    with pytest.raises(check_proof.Refused, match=reason):
        check_proof.check(moved, {})


def _values(message_type: str, message: dict[str, Any]) -> dict[str, Any]:
    kinds = dict(MESSAGES[message_type]["fields"])
    return {
        name: value
        if kinds[name] != "bytes32"
        else bytes.fromhex(value[2:])
        if value.startswith("0x")
        else parse_identifier(value).hash
        for name, value in message.items()
    }


def _hash(message_type: str, message: dict[str, Any]) -> bytes:
    fields = MESSAGES[message_type]["fields"]
    return struct_hash(message_type, fields, _values(message_type, message))


def _id(message_type: str, message: dict[str, Any]) -> str:
    return hex_text(act_id(_hash(message_type, message)))


def _signed(proof: Proof, message_type: str, message: dict[str, Any], key: bytes) -> Proof:
    """An act as somebody with any key could sign it."""
    contract = bytes.fromhex(proof["contract"][2:])
    domain = Domain("Emissions", "1", proof["chain_id"], contract)
    signature = sign_digest(key, digest(domain.separator, _hash(message_type, message)))
    signed = {"signature": hex_text(signature), "key": hex_text(address_of(key))}
    return {"type": message_type, "message": message} | signed


@pytest.mark.slow  # a proof is made for each
@pytest.mark.parametrize("name", ["meter", "stamp", "quantity", "unit"])
@pytest.mark.parametrize("value", ["", "a\nb signed report c", "\ud800", "1|2", "\x1b[2J", 5, None])
def test_check_is_refused_when_a_committed_text_is_made_to_mislead(
    proof: Proof, name: str, value: object
) -> None:
    """An enterprise could commit to any text; what is printed has the form of a reading."""
    with pytest.raises(check_proof.Refused, match="form"):
        check_proof.check(proof | {"reading": proof["reading"] | {name: value}}, {})


def test_check_proves_the_earlier_report_when_only_its_acts_are_given(proof: Proof) -> None:
    acts = proof["acts"][1:]
    earlier = proof | {"acts": acts, "report": proof["acts"][0]["message"]["follows"]}
    assert "0 g direct + 50250000 g indirect" in check_proof.check(earlier, {})[2]


@pytest.mark.slow  # hundreds of files, each checked in plain Python
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_read_file_is_refused_when_it_is_cut_or_a_byte_is_another(
    proof: Proof, data: st.DataObject
) -> None:
    content = json.dumps(proof).encode()
    place = data.draw(st.integers(0, len(content) - 1))
    byte = content[place] ^ data.draw(
        st.integers(1, 255) | st.sampled_from([1 << n for n in range(8)])
    )
    whole = check_proof.check(proof, {})
    cut = content[:place]
    for changed in (cut, cut + bytes([byte]) + content[place + 1 :], cut + content[place + 1 :]):
        with suppress(check_proof.Refused):
            assert check_proof.check(check_proof.parsed(changed), {}) == whole


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"a":1,"a":1}', b"1.5", b"1e2", b"NaN", b"\xff", b"\xef\xbb\xbf{}"]
)
def test_read_file_is_refused_when_it_is_no_such_json(content: bytes) -> None:
    with pytest.raises(check_proof.Refused, match="json"):
        check_proof.parsed(content)


@pytest.mark.parametrize(
    "interpreter", [[sys.executable, "-I"], [sys.executable, "-I", "-X", "dev"]]
)
def test_run_checker_needs_nothing_else_when_it_stands_alone(
    proof: Proof, keys: list[str], tmp_path: Path, interpreter: list[str]
) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof, indent=1))
    (tmp_path / "check_proof.py").write_bytes(CHECKER.read_bytes())

    def run(*arguments: str) -> tuple[int, str, str]:
        command = [*interpreter, "check_proof.py", *arguments]
        environment = {"LC_ALL": "C.UTF-8", "PATH": ""}
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
        )
        return done.returncode, done.stdout, done.stderr

    options = [text for key in keys for text in ("--key", key.upper().replace("X", "x"))]
    status, told, wrong = run("proof.json", *options)
    assert (status, told.splitlines()[2], wrong) == (
        0,
        "  3 g direct + 4 g indirect = 7 g CO2e",
        "",
    )
    assert run("proof.json", "--lang", "zh")[1].splitlines()[2] == "  直接 3 克 + 间接 4 克 = 7 克"
    status, told, wrong = run("proof.json", "--key", "0x" + "11" * 20)
    assert (status, told, wrong.count("\n")) == (6, "", 1)
    file.write_bytes(b"[" * 100_000)
    assert run("proof.json") == (6, "", "not the strict JSON of a proof, or cut off\n")
    file.write_bytes(json.dumps(proof).encode() + b" " * check_proof.BYTES_MAX + b"x")
    assert run("proof.json")[0] == 0  # what lies beyond is not read
    assert run("nothing.json")[0] == run()[0] == run("proof.json", "--colour", "red")[0] == 2
