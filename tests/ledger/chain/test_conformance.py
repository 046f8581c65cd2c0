"""One test of the wire for every profile: the ten methods say the same of the same events."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from eth_hash.auto import keccak
from eth_utils.hexadecimal import decode_hex

from identity.identifier import parse_identifier
from identity.keys import address_of, generate_key
from ledger.chain.bindings import CONTRACTS, EVENTS
from ledger.chain.codec import decode_refusal, decode_view, encode_view
from ledger.chain.deploy import Deployed, Founding, deploy
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.headers import header_hash
from ledger.chain.node import METHOD_NOT_FOUND, Node, NodeError
from ledger.chain.probe import found_checks, require_rules
from ledger.chain.reader import Checks, Reader
from ledger.chain.sender import Batch, RawTransaction, Sender, outcome_of
from ledger.contract_errors import KeyNotValid
from scripts.anvil import anvil
from tests.ledger.chain.small_chain import Memory, ToldClock

ROOT = parse_identifier("88").hash
REVERTED = 3
FOUNDERS = tuple(address_of(generate_key()) for _ in range(3))
FOUNDING = Founding("88", FOUNDERS, 3600, parse_identifier("88/EMISSIONS").hash)
_WAIT_ROUNDS, _WAIT_SECONDS = 500, 0.02


@dataclass
class Wire:
    """A node with our contracts on it, and how its next block comes."""

    node: Node
    sender: Sender
    contracts: dict[str, Deployed]
    advance: Callable[[], object]

    def mined(self, transaction: RawTransaction) -> dict[str, object]:
        """The receipt of what was sent, once it is in a block."""
        for _ in range(_WAIT_ROUNDS):
            if (receipt := self.sender.receipt(transaction.hash)) is not None:
                return receipt
            self.advance()
        raise AssertionError("no block took it")

    def batch(self, nonce: int) -> RawTransaction:
        """A batch of one call that the contract refuses, which leaves an event of ours."""
        call = bytes.fromhex("00000000")
        batch = Batch("Quotas", [call], is_whole=False)
        address = self.contracts["Quotas"].address
        return self.sender.sign_batch(batch, address=address, nonce=nonce, gas_limit=1_000_000)


def _embedded() -> Iterator[Wire]:
    clock = ToldClock()
    node = EmbeddedNode(Memory(), clock)

    def advance() -> bool:
        clock.time += 1
        return node.seal()

    yield _wire(node, advance)


def _anvil() -> Iterator[Wire]:
    with anvil(block_seconds=1) as running:
        wait = threading.Event().wait
        yield _wire(running.node, lambda: wait(_WAIT_SECONDS))


def _wire(node: Node, advance: Callable[[], object]) -> Wire:
    chain_id = int(node.request("eth_chainId", []), 16)
    sender = Sender(node, private_key=generate_key(), chain_id=chain_id)
    contracts = deploy(node, sender, founding=FOUNDING, progress=advance)
    return Wire(node, sender, contracts, advance)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(_embedded, id="embedded"),
        pytest.param(_anvil, id="anvil", marks=pytest.mark.anvil),
    ],
)
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """The same contracts on each profile's chain."""
    yield from request.param()


@pytest.fixture(scope="module")
def distant() -> Iterator[Wire]:
    """The rpc profile's alone."""
    yield from _anvil()


def test_ask_gives_one_chain_id_when_both_methods_are_asked(wire: Wire) -> None:
    chain_id = int(wire.node.request("eth_chainId", []), 16)
    assert int(wire.node.request("net_version", [])) == chain_id


def test_ask_is_refused_when_the_method_is_none_of_the_wire(wire: Wire) -> None:
    with pytest.raises(NodeError) as refusal:
        wire.node.request("eth_nothing", [])
    assert refusal.value.code == METHOD_NOT_FOUND


def test_ask_gives_answers_in_order_when_many_are_asked_at_once(wire: Wire) -> None:
    numbers = [2, 0, 1]
    calls = [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]
    blocks = wire.node.request_all(calls)
    assert [int(block["number"], 16) for block in blocks] == numbers


def test_read_block_gives_its_own_hash_when_the_header_is_hashed(wire: Wire) -> None:
    head = int(wire.node.request("eth_blockNumber", []), 16)
    for number in range(head + 1):
        block = wire.node.request("eth_getBlockByNumber", [hex(number), False])
        assert header_hash(block) == decode_hex(block["hash"]), number


def test_read_block_gives_nothing_when_the_chain_ends_before_it(wire: Wire) -> None:
    assert wire.node.request("eth_getBlockByNumber", [hex(10**9), False]) is None


def test_read_receipt_gives_nothing_when_no_block_has_the_transaction(wire: Wire) -> None:
    assert wire.node.request("eth_getTransactionReceipt", ["0x" + "ab" * 32]) is None


def test_read_code_gives_what_was_deployed_when_each_contract_is_asked(wire: Wire) -> None:
    for name in CONTRACTS:
        address = "0x" + wire.contracts[name].address.hex()
        code = decode_hex(wire.node.request("eth_getCode", [address, "latest"]))
        assert keccak(code) == wire.contracts[name].code_hash


def test_call_gives_the_view_when_it_is_asked_at_the_newest_block(wire: Wire) -> None:
    data = "0x" + encode_view("Identifiers", "entryOf", [ROOT]).hex()
    to = "0x" + wire.contracts["Identifiers"].address.hex()
    output = wire.node.request("eth_call", [{"to": to, "data": data}, "latest"])
    assert len(decode_view("Identifiers", "entryOf", decode_hex(output))) == 4


def test_call_tells_the_contracts_error_when_it_reverts(wire: Wire) -> None:
    arguments = [ROOT, b"\x07" * 20, 1]
    data = "0x" + encode_view("Identifiers", "requireKey", arguments).hex()
    to = "0x" + wire.contracts["Identifiers"].address.hex()
    with pytest.raises(NodeError) as refusal:
        wire.node.request("eth_call", [{"to": to, "data": data}, "latest"])
    assert refusal.value.code == REVERTED
    assert refusal.value.data is not None
    assert isinstance(decode_refusal(decode_hex(refusal.value.data)), KeyNotValid)


def test_send_counts_one_nonce_when_the_same_bytes_go_twice(wire: Wire) -> None:
    before = wire.sender.chain_nonce()
    transaction = wire.batch(before)
    wire.sender.send(transaction.raw)
    try:
        wire.sender.send(transaction.raw)
    except NodeError as known:
        assert "already" in str(known)  # a node may say so; either way it has one effect
    wire.mined(transaction)
    assert wire.sender.chain_nonce() == before + 1


def test_send_is_refused_when_the_nonce_was_used(wire: Wire) -> None:
    transaction = wire.batch(wire.sender.chain_nonce())
    wire.sender.send(transaction.raw)
    block = int(str(wire.mined(transaction)["blockNumber"]), 16)
    used = wire.sender.chain_nonce(block=block) - 1
    other = wire.sender.sign_creation(b"\x00", gas=100_000, nonce=used)
    with pytest.raises(NodeError, match="nonce too low"):
        wire.sender.send(other.raw)


def test_send_has_no_effect_when_it_is_signed_for_another_chain(wire: Wire) -> None:
    stranger = Sender(wire.node, private_key=generate_key(), chain_id=999)
    foreign = stranger.sign_creation(b"\x00", gas=100_000, nonce=0)
    with suppress(NodeError):  # anvil takes it in, and executes it never
        stranger.send(foreign.raw)
    ours = wire.batch(wire.sender.chain_nonce())
    wire.sender.send(ours.raw)
    wire.mined(ours)
    assert stranger.receipt(foreign.hash) is None
    assert stranger.chain_nonce() == 0


def test_read_range_gives_the_event_once_when_a_batch_was_refused(wire: Wire) -> None:
    transaction = wire.batch(wire.sender.chain_nonce())
    wire.sender.send(transaction.raw)
    receipt = wire.mined(transaction)
    block = int(str(receipt["blockNumber"]), 16)
    outcome = outcome_of(receipt, calls=1)
    assert (outcome.block, set(outcome.refusals)) == (block, {0})
    addresses = [one.address for one in wire.contracts.values()]
    (told,) = Reader(wire.node, addresses=addresses).filled(block, block)
    (log,) = [log for log in told.logs if log.transaction_hash == transaction.hash]
    assert (log.event.name, log.event.fields["index"]) == ("CallRefused", 0)
    assert log.topics[:32] == decode_hex(EVENTS["CallRefused"]["topic"])


@pytest.mark.anvil
def test_read_range_gives_the_same_when_logs_are_proven_by_receipts(distant: Wire) -> None:
    addresses = [one.address for one in distant.contracts.values()]
    head = int(distant.node.request("eth_blockNumber", []), 16)
    told = Reader(distant.node, addresses=addresses).filled(1, head)
    proven = Reader(distant.node, addresses=addresses, checks=Checks(True, True)).filled(1, head)
    assert proven == told
    assert sum(len(one.logs) for one in proven) > 0


@pytest.mark.anvil
def test_probe_passes_when_the_chain_has_the_rules_of_cancun(distant: Wire) -> None:
    require_rules(distant.node)
    assert found_checks(distant.node) == (True, True)
