"""Our digests are those of an independent library and of the contracts' own code."""

from pathlib import Path

import pytest
from eth_abi.abi import decode, encode
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from identity.typed_data import DOMAIN_NAME, DOMAIN_VERSION, Domain, Fields, digest, struct_hash
from ledger.chain.bindings import MESSAGES
from tests.identity.contract_runner import ContractRunner
from tests.identity.generated_messages import OFF_CHAIN, generate_messages

_HARNESS = Path(__file__).parents[1] / "contracts" / "artifacts" / "MessageHashes.json"
_SENT: dict[str, Fields] = {name: message["fields"] for name, message in MESSAGES.items()}
_DOMAINS = (
    Domain(DOMAIN_NAME, DOMAIN_VERSION, 20260101, bytes(range(20))),
    Domain("Identifiers", "1", 2**256 - 1, b"\xff" * 20),
    Domain("", "核", 0, bytes(20)),
)


def _reference_hashes(
    domain: Domain, name: str, fields: Fields, message: dict[str, object]
) -> tuple[bytes, bytes]:
    """Domain separator and struct hash as eth-account computes them."""
    signable = encode_typed_data(
        domain_data={
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chain_id,
            "verifyingContract": domain.contract,
        },
        message_types={name: [{"name": field, "type": kind} for field, kind in fields]},
        message_data=message,
    )
    return signable.header, signable.body


@pytest.mark.slow  # a thousand values a type
@pytest.mark.parametrize("name", [*_SENT, *OFF_CHAIN])
def test_struct_hash_equals_eth_account_when_message_is_generated(name: str) -> None:
    fields = (_SENT | OFF_CHAIN)[name]
    for message in generate_messages(name, fields):
        _, expected = _reference_hashes(_DOMAINS[0], name, fields, message)
        assert struct_hash(name, fields, message) == expected


@pytest.mark.parametrize("domain", _DOMAINS, ids=lambda domain: domain.name)
def test_digest_equals_eth_account_when_domain_differs(domain: Domain) -> None:
    fields = OFF_CHAIN["Finding"]
    message = next(generate_messages("Finding", fields))
    separator, hashed = _reference_hashes(domain, "Finding", fields, message)
    assert domain.separator == separator
    assert digest(domain.separator, hashed) == keccak(b"\x19\x01" + separator + hashed)


@pytest.fixture(scope="module")
def message_hashes() -> ContractRunner:
    """The libraries the contracts hash with, each message type behind one function."""
    return ContractRunner(_HARNESS)


def _contract_hashes(
    contract: ContractRunner, name: str, fields: Fields, messages: list[dict[str, object]]
) -> list[bytes]:
    array = f"({','.join(kind for _, kind in fields)})[]"
    selector = keccak(f"hash{name}({array})".encode())[:4]
    rows = [tuple(message[field] for field, _ in fields) for message in messages]
    outcome = contract.call(selector + encode([array], [rows]), sender=bytes(20))
    outcome.raise_if_error()
    (hashes,) = decode(["bytes32[]"], outcome.output)
    return list(hashes)


@pytest.mark.slow  # half a second each of two dozen
@pytest.mark.parametrize("name", _SENT)
def test_struct_hash_equals_contract_when_message_is_generated(
    name: str, message_hashes: ContractRunner
) -> None:
    fields = _SENT[name]
    messages = list(generate_messages(name, fields))
    expected = _contract_hashes(message_hashes, name, fields, messages)
    assert [struct_hash(name, fields, message) for message in messages] == expected
