"""Turns of anvil are those of other nodes: neither code nor transactions are lost for good."""

from collections.abc import Iterator

import pytest

from identity.keys import generate_key
from ledger.chain.sender import Sender
from scripts.anvil import Anvil, anvil

pytestmark = pytest.mark.anvil

_ADDRESS, _CODE = "0x" + "42" * 20, "0x60006000fd"
_GAS = 100_000


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with anvil(block_seconds=None) as running:
        running.ask("evm_setAutomine", False)
        yield running


def test_roll_back_keeps_code_when_the_chain_is_long(chain: Anvil) -> None:
    chain.ask("anvil_setCode", _ADDRESS, _CODE)
    for _ in range(1_100):
        chain.mine()
    chain.roll_back(32)
    assert chain.ask("eth_getCode", _ADDRESS, "latest") == _CODE


def test_reorganise_lets_a_transaction_be_mined_when_it_brought_the_nonce_before(
    chain: Anvil,
) -> None:
    sender = Sender(
        chain.node, private_key=generate_key(), chain_id=int(chain.ask("eth_chainId"), 16)
    )
    first, second = (sender.sign_creation(b"\x00", gas=_GAS, nonce=nonce) for nonce in (0, 1))
    chain.mine(2)
    sender.send(second.raw)
    chain.reorganise(1, [[f"0x{first.raw.hex()}", 0]])
    sender.send(second.raw)
    chain.mine()
    assert sender.receipt(second.hash) is not None
