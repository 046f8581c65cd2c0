"""Our names, hashes and act ids are those of the contract that registers them."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_abi.abi import encode

from identity.errors import IdentifierMalformed
from identity.identifier import Identifier, child_hash, parse_identifier
from identity.typed_data import act_id, struct_hash
from ledger.chain.bindings import ERRORS, EVENTS, FUNCTIONS, KINDS, MESSAGES
from tests.identity.contract_runner import ContractRunner

_ARTIFACTS = Path(__file__).parents[2] / "ledger" / "chain" / "artifacts"
_FOUNDERS = [bytes((number,)) * 20 for number in (11, 12, 13)]
_ROOT = Identifier("88", None)
_FIELDS = MESSAGES["Registration"]["fields"]
_ALPHABET = "0189AZMaz._:-/ \n%@[`{é中\x00"
_NAMES = (  # each after its parent
    "88.111",
    "88.111.1",
    "88.0111",
    "88.0000000001",
    "88.111.1.2",
    "88.111.1.2.3",
    "88.111.1.2.3.4",
    "88.111.1.2.3.4.5",
    "88.111.1.2.3.4.5.6",
    "88/REG.310000",
    "88/0",
    "88.111/ENT.0001",
    "88.111.1/FAC.0001",
    "88.111.1/A_B:C-D.E",
    f"88.111/{'Z' * 128}",
)


@pytest.fixture
def identifiers() -> ContractRunner:
    arguments = encode(["string", "address[]", "uint48"], ["88", _FOUNDERS, 259_200])
    return ContractRunner(_ARTIFACTS / "Identifiers.json", arguments)


def _registration(parent: Identifier, *, is_prefix: bool, label: str) -> dict[str, object]:
    return {
        "parent": parent.hash,
        "label": label,
        "isPrefix": is_prefix,
        "kind": KINDS["PREFIX"] if is_prefix else KINDS["ENTERPRISE"],
        "owner": _ROOT.hash,
        "record": bytes(32),
        "deadline": 2**48 - 1,
    }


def _register(contract: ContractRunner, message: dict[str, object]) -> tuple[bytes, bytes] | bytes:
    """The act id and the subject in the event of a registration, or the error's data."""
    function = FUNCTIONS["Identifiers"]["register"]
    values = tuple(message[name] for name, _ in _FIELDS)
    data = bytes.fromhex(function["selector"][2:]) + encode(function["inputs"], [values, b""])
    outcome = contract.call(data, sender=_FOUNDERS[0])
    if outcome.is_error:
        return outcome.output
    return _event_id_and_subject(outcome.get_log_entries()[0][1])


def _event_id_and_subject(topics: tuple[int, ...]) -> tuple[bytes, bytes]:
    assert f"0x{topics[0]:064x}" == EVENTS["Registered"]["topic"]
    return topics[1].to_bytes(32, "big"), topics[2].to_bytes(32, "big")


def _generated_labels() -> Iterator[str]:
    source = random.Random("labels")
    yield from ("", "A" * 128, "A" * 129, "1" * 10, "1" * 11, "A.", ".A", "A\n", "１", "a")
    for _ in range(300):
        yield "".join(source.choices(_ALPHABET, k=source.randrange(1, 5)))


def test_root_hash_equals_contract_when_ledger_is_founded(identifiers: ContractRunner) -> None:
    _, subject = _event_id_and_subject(identifiers.creation.get_log_entries()[0][1])
    assert subject == _ROOT.hash


def test_hash_and_act_id_equal_contract_when_name_is_registered(
    identifiers: ContractRunner,
) -> None:
    for name in _NAMES:
        identifier = parse_identifier(name)
        parent = identifier.parent
        assert parent is not None
        message = _registration(parent, is_prefix=identifier.is_prefix, label=identifier.label)
        expected = act_id(struct_hash("Registration", _FIELDS, message))
        assert _register(identifiers, message) == (expected, identifier.hash)


@pytest.mark.parametrize("is_prefix", [True, False], ids=["segment", "suffix"])
def test_grammar_equals_contract_when_label_is_generated(
    identifiers: ContractRunner, is_prefix: bool
) -> None:
    refused = bytes.fromhex(ERRORS["IdentifierLabelBad"]["selector"][2:])
    for label in dict.fromkeys(_generated_labels()):
        message = _registration(_ROOT, is_prefix=is_prefix, label=label)
        outcome = _register(identifiers, message)
        if _is_label(label, is_prefix=is_prefix):
            child = child_hash(_ROOT.hash, is_prefix=is_prefix, label=label)
            assert isinstance(outcome, tuple), (label, outcome)
            assert outcome[1] == child
        else:
            assert isinstance(outcome, bytes), label
            assert outcome == refused + encode(["string"], [label])


def _is_label(label: str, *, is_prefix: bool) -> bool:
    """Whether our grammar takes it as one canonical label below the root."""
    try:
        if is_prefix:
            return Identifier(f"88.{label}", None).parent == _ROOT
        return Identifier("88", label).label == label
    except IdentifierMalformed:
        return False
