"""The checker's own Keccak, key recovery and identifier hashes agree with the ledger's.

And it is what it claims to be: one short file for an old Python's standard library.
"""

import ast
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.errors import SignatureMalformed
from identity.identifier import parse_identifier
from identity.keccak import keccak256
from identity.keys import address_of, generate_key
from identity.signature import recover_address, sign_digest
from scripts import check_proof
from tests.house.source_tree import ROOT

CHECKER = ROOT / "scripts" / "check_proof.py"
HALF = check_proof.N // 2


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


def test_read_checker_finds_old_grammar_only_when_python_3_9_would_read_it() -> None:
    source = CHECKER.read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    # Since 3.11 the byte order may be left out, since 3.10 `zip` may be strict.
    named = [(ast.unparse(call.func).rpartition(".")[2], call) for call in calls]
    orders = [call for name, call in named if name in ("from_bytes", "to_bytes")]
    assert orders and all(len(call.args) == 2 for call in orders)
    assert not any(keyword.arg == "strict" for _, call in named for keyword in call.keywords)


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_hash_is_keccak_when_any_bytes_are_hashed(data: bytes) -> None:
    assert check_proof.keccak256(data) == keccak256(data)


@settings(max_examples=10)
@given(signed=st.binary(min_size=32, max_size=32))
def test_recover_gives_the_signers_address_when_any_digest_is_signed(signed: bytes) -> None:
    key = generate_key()
    assert check_proof.signer(signed, sign_digest(key, signed)) == address_of(key)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_recover_agrees_with_the_ledger_when_signatures_are_any_bytes(data: st.DataObject) -> None:
    """The same address, or nothing from both: range, high s, recovery id, points of no curve."""
    edges = [0, 1, 2, HALF, HALF + 1, check_proof.N - 1, check_proof.N, check_proof.P - 1]
    number = st.sampled_from(edges) | st.integers(0, 2**256 - 1)
    signed = data.draw(st.binary(min_size=32, max_size=32))
    r, s = (data.draw(number).to_bytes(32, "big") for _ in range(2))
    signature = r + s + bytes([data.draw(st.sampled_from([0, 26, 27, 28, 29]))])
    try:
        ours = recover_address(signed, signature)
    except SignatureMalformed:
        ours = b""
    assert check_proof.signer(signed, signature) == ours


@pytest.mark.parametrize("name", ["88", "88.111", "88.111.1/FAC.0001", "88/EMISSIONS"])
def test_hash_identifier_is_the_ledgers_when_a_name_is_given(name: str) -> None:
    assert check_proof.identifier(name) == parse_identifier(name).hash
