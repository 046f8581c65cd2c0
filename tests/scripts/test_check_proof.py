"""The checker that needs nothing of ours: it agrees with us, and refuses whatever was altered."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.identifier import parse_identifier
from identity.keccak import keccak256
from identity.keys import address_of, generate_key
from identity.signature import sign_digest
from scripts import check_proof
from tests.api.held import HeldPark
from tests.api.proven import STAMP, proof_of, prove
from tests.api.test_documents import METER
from tests.api.world import World
from tests.house.source_tree import ROOT

CHECKER = ROOT / "scripts" / "check_proof.py"
Proof = dict[str, Any]


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """The proof of a corrected report with one reading disclosed."""
    world = World(HeldPark(tmp_path_factory.mktemp("proven") / "park"))
    told: Proof = proof_of(world, prove(world), meter=METER, stamp=STAMP).json()
    told["signer"] = "0x" + address_of(world.park.key("enterprise 1")).hex()
    world.park.close()
    return told


def _lines(proof: Proof, **expected: str) -> list[str]:
    """What is proven; `signer` is the test's own and no part of the file."""
    file = {name: value for name, value in proof.items() if name != "signer"}
    options = {f"--{name.replace('_', '-')}": value for name, value in expected.items()}
    return check_proof.check(file, options)


def test_check_tells_what_is_proven_when_the_proof_is_whole(proof: Proof) -> None:
    lines = _lines(proof, key=proof["signer"], contract=proof["contract"])
    assert lines[0] == f"{proof['signer']} signed for 88.111.1/FAC.0001, 202302: 7 g CO2e"
    assert lines[1] == "behind it: 3 acts, 2 of them evidence"
    quantity = proof["reading"]["quantity"]
    assert lines[2] == f"in that evidence: {METER} {STAMP} {quantity} kWh"


def test_check_proves_the_report_alone_when_no_reading_is_disclosed(proof: Proof) -> None:
    assert len(_lines(proof | {"reading": None})) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [("key", "0x" + "11" * 20), ("contract", "0x" + "11" * 20), ("chain_id", "1")],
)
def test_check_is_refused_when_another_signer_chain_or_contract_is_expected(
    proof: Proof, name: str, value: str
) -> None:
    with pytest.raises(check_proof.Refused, match=f"--{name.replace('_', '-')} is"):
        _lines(proof, **{name: value})


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


@pytest.mark.slow  # eighty files, each checked in plain Python
@pytest.mark.parametrize("alter", [_change, _remove, _double])
def test_check_is_refused_when_anything_in_the_file_is_altered(
    proof: Proof, alter: Callable[[Any, Any], None]
) -> None:
    """Whoever alters it names another signer at best, so the signer is expected."""
    expected = {"key": proof["signer"], "chain_id": str(proof["chain_id"])}
    places = [way for way in _places(proof) if way[0] != "signer"]
    assert len(places) > 70
    for way in places:
        altered = _altered(proof, way, alter)
        if altered == proof:
            continue  # an empty path has nothing to lose
        with pytest.raises(check_proof.Refused):
            _lines(altered, **expected)


def test_check_is_refused_when_two_proofs_are_mixed(proof: Proof) -> None:
    acts = proof["acts"]
    for mixed in ([acts[1], *acts[2:], acts[0]], acts[:-1], acts[1:-1], acts[2:], [acts[0]] * 2):
        with pytest.raises(check_proof.Refused):
            _lines(proof | {"acts": mixed}, key=proof["signer"])


def test_check_proves_the_earlier_report_when_only_its_acts_are_given(proof: Proof) -> None:
    acts = proof["acts"][1:]
    earlier = proof | {"acts": acts, "report": proof["acts"][0]["message"]["follows"]}
    assert "202302: 50250000 g" in _lines(earlier, key=proof["signer"])[0]


@pytest.mark.slow  # sixty files, each checked in plain Python
@settings(max_examples=60)
@given(data=st.data())
def test_read_file_is_refused_when_it_is_cut_or_a_byte_is_another(
    proof: Proof, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = json.dumps({name: proof[name] for name in proof if name != "signer"}).encode()
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    whole = check_proof.check(json.loads(content), {})
    path = tmp_path_factory.mktemp("cut") / "proof.json"
    for changed in (content[:place], content[:place] + bytes([byte]) + content[place + 1 :]):
        path.write_bytes(changed)
        try:
            lines = check_proof.check(check_proof.read(str(path)), {"--key": proof["signer"]})
        except check_proof.Refused:
            continue
        assert lines == whole


@pytest.mark.parametrize("content", [b"", b"{", b'{"a":1,"a":1}', b"1.5", b"NaN", b"\xff"])
def test_read_file_is_refused_when_it_is_no_such_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(content)
    with pytest.raises(check_proof.Refused):
        check_proof.check(check_proof.read(str(path)), {})


def test_run_checker_needs_nothing_else_when_it_stands_alone(proof: Proof, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps({name: proof[name] for name in proof if name != "signer"}))
    (tmp_path / "check_proof.py").write_bytes(CHECKER.read_bytes())

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "check_proof.py", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    status, told = run("proof.json", "--key", proof["signer"])
    assert (status, told.count("\n")) == (0, 4)
    assert run("proof.json", "--key", "0x" + "11" * 20)[0] == 6
    assert run("nothing.json")[0] == 6
    file.write_bytes(b"[" * 100_000)
    assert run("proof.json")[0] == 6
    assert run()[0] == run("proof.json", "--colour", "red")[0] == 2


def test_import_only_the_standard_library_when_the_checker_is_read() -> None:
    source = CHECKER.read_text("utf-8")
    modules = {
        name.name.split(".")[0] if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert modules <= sys.stdlib_module_names
    assert len(source.splitlines()) < 250


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_hash_is_keccak_when_any_bytes_are_hashed(data: bytes) -> None:
    assert check_proof.keccak256(data) == keccak256(data)


@settings(max_examples=10)
@given(digest=st.binary(min_size=32, max_size=32))
def test_recover_gives_the_signers_address_when_any_digest_is_signed(digest: bytes) -> None:
    key = generate_key()
    assert check_proof.signer(digest, sign_digest(key, digest)) == address_of(key)


@pytest.mark.parametrize("name", ["88", "88.111", "88.111.1/FAC.0001", "88/EMISSIONS"])
def test_hash_identifier_is_the_ledgers_when_a_name_is_given(name: str) -> None:
    assert check_proof.identifier(name) == parse_identifier(name).hash
