"""The ten JSON-RPC methods as web3's own client understands them, and how bad requests end."""

from collections.abc import Mapping
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from sqlalchemy import func, select
from web3 import Web3
from web3.exceptions import ContractCustomError
from web3.providers.base import JSONBaseProvider

from identity.identifier import parse_identifier
from ledger.chain.bindings import ERRORS, FUNCTIONS
from ledger.chain.codec import decode_view, encode_view
from ledger.chain.embedded import CHAIN_ID
from ledger.chain.node import READING_METHODS, SENDING_METHOD, Node, NodeError
from ledger.store.chain_log import event_table
from tests.ledger.chain.small_chain import SmallChain
from tests.ledger.played import Opened

INVALID_PARAMS, METHOD_NOT_FOUND, REVERTED = -32602, -32601, 3
NOWHERE = "0x" + "00" * 20
ROOT = parse_identifier("88").hash


class NodeProvider(JSONBaseProvider):
    """web3 over any node of ours."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node

    def make_request(self, method: Any, params: Any) -> Any:
        envelope = {"jsonrpc": "2.0", "id": 1}
        try:
            return envelope | {"result": self._node.request(method, list(params))}
        except NodeError as error:
            told = {"code": error.code, "message": str(error), "data": error.data}
            return envelope | {"error": told}


@pytest.fixture
def web3(copy: Opened) -> Web3:
    return Web3(NodeProvider(copy.node))


def events(ledger: Opened, **where: bytes) -> int:
    query = select(func.count()).select_from(event_table)
    for name, value in where.items():
        query = query.where(event_table.c[name] == value)
    with ledger.store.reading() as reading:
        return reading.scalar(query) or 0


def test_read_block_links_to_the_one_before_when_web3_walks_the_chain(
    copy: Opened, web3: Web3
) -> None:
    assert web3.eth.chain_id == CHAIN_ID
    parent = bytes(web3.eth.get_block(0)["hash"])
    assert parent == copy.manifest.genesis
    for number in range(1, web3.eth.block_number + 1):
        block = web3.eth.get_block(number)
        assert bytes(block["parentHash"]) == parent
        parent = bytes(block["hash"])


def test_read_receipt_names_its_place_when_web3_asks_for_each_transaction(web3: Web3) -> None:
    for number in range(1, web3.eth.block_number + 1):
        for index, sent in enumerate(web3.eth.get_block(number)["transactions"]):
            assert isinstance(sent, bytes)
            receipt = web3.eth.get_transaction_receipt(HexBytes(sent))
            assert (receipt["blockNumber"], receipt["transactionIndex"]) == (number, index)
            assert receipt["status"] == 1


def test_read_logs_gives_every_event_when_web3_asks_for_all(copy: Opened, web3: Web3) -> None:
    logs = web3.eth.get_logs({"fromBlock": 0, "toBlock": "latest"})
    assert len(logs) == events(copy)


@pytest.mark.parametrize("contract", ["Identifiers", "Emissions", "Quotas"])
def test_read_logs_gives_one_contract_s_events_when_web3_filters_by_address(
    copy: Opened, web3: Web3, contract: str
) -> None:
    address = copy.manifest.address_of(contract)
    checksummed = to_checksum_address(address)
    logs = web3.eth.get_logs({"fromBlock": 0, "toBlock": "latest", "address": checksummed})
    assert len(logs) == events(copy, address=address) > 0
    assert {log["address"] for log in logs} == {checksummed}


def test_call_view_gives_the_contract_s_answer_when_web3_asks(copy: Opened, web3: Web3) -> None:
    address = to_checksum_address(copy.manifest.identifiers)
    data = encode_view("Identifiers", "entryOf", [ROOT])
    output = web3.eth.call({"to": address, "data": data})
    expected = copy.reader.view(
        "Identifiers",
        "entryOf",
        [ROOT],
        address=copy.manifest.identifiers,
        block=copy.reader.head_number(),
    )
    assert decode_view("Identifiers", "entryOf", bytes(output)) == expected
    assert expected[2] != 0


def test_call_view_gives_the_state_of_that_time_when_web3_names_a_block(
    copy: Opened, web3: Web3
) -> None:
    address = to_checksum_address(copy.manifest.identifiers)
    meter = parse_identifier("88.111.1/MTR.0001").hash
    data = encode_view("Identifiers", "entryOf", [meter])
    early, late = (
        decode_view(
            "Identifiers", "entryOf", bytes(web3.eth.call({"to": address, "data": data}, at))
        )
        for at in (3, web3.eth.block_number)
    )
    assert (early[2], late[2]) == (0, 1)


def test_call_view_raises_the_contract_s_error_when_web3_meets_a_revert(
    copy: Opened, web3: Web3
) -> None:
    address = to_checksum_address(copy.manifest.identifiers)
    data = encode_view("Identifiers", "requireVerifier", verifier_arguments())
    with pytest.raises(ContractCustomError) as refusal:
        web3.eth.call({"to": address, "data": data})
    selectors = {error["selector"] for error in ERRORS.values()}
    assert str(refusal.value.data)[:10] in selectors


def verifier_arguments() -> list[Any]:
    """Nobody: what every view that requires something refuses."""
    blank: Mapping[str, Any] = {"bytes32": bytes(32), "address": bytes(20)}
    kinds = FUNCTIONS["Identifiers"]["requireVerifier"]["inputs"]
    return [blank.get(kind, 0) for kind in kinds]


def test_read_account_gives_code_and_nonce_when_web3_asks(copy: Opened, web3: Web3) -> None:
    address = to_checksum_address(copy.manifest.quotas)
    assert Web3.keccak(web3.eth.get_code(address)) == copy.manifest.quotas_code_hash
    assert web3.eth.get_transaction_count(to_checksum_address(NOWHERE)) == 0


def test_send_raw_transaction_leads_to_a_receipt_when_web3_sends_the_bytes() -> None:
    chain = SmallChain()
    web3 = Web3(NodeProvider(chain.node))
    sent = web3.eth.send_raw_transaction(chain.creation(0).raw)
    chain.node.seal()
    assert web3.eth.get_transaction_receipt(sent)["status"] == 1


def test_request_knows_the_ten_methods_and_no_other_when_asked() -> None:
    node = SmallChain().node
    known = READING_METHODS | {SENDING_METHOD}
    assert len(known) == 10
    for method in (*known, "eth_accounts", "evm_mine", "eth_sendTransaction", ""):
        try:
            node.request(method, [])
        except NodeError as error:
            assert (error.code == METHOD_NOT_FOUND) == (method not in known), method
        else:
            assert method in known


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_blockNumber", ["latest"]),
        ("eth_call", []),
        ("eth_call", ["0x"]),
        ("eth_call", [{"data": "0x"}, "latest"]),
        ("eth_call", [{"to": "0x12", "data": "0x"}, "latest"]),
        ("eth_call", [{"to": NOWHERE, "data": "0xzz"}, "latest"]),
        ("eth_call", [{"to": NOWHERE, "from": "0x12"}, "latest"]),
        ("eth_call", [{"to": NOWHERE}, "0xffffff"]),
        ("eth_call", [{"to": NOWHERE}, "-0x1"]),
        ("eth_call", [{"to": NOWHERE}, None]),
        ("eth_getCode", ["0x12", "latest"]),
        ("eth_getCode", [NOWHERE, "0xffffff"]),
        ("eth_getTransactionCount", ["0x12", "latest"]),
        ("eth_getTransactionCount", [NOWHERE, "0xffffff"]),
        ("eth_getTransactionCount", [None]),
        ("eth_getTransactionReceipt", [7]),
        ("eth_getBlockByNumber", []),
        ("eth_getBlockByNumber", ["soon", False]),
        ("eth_getBlockByNumber", ["-0x1", False]),
        ("eth_getBlockByNumber", [{}, False]),
        ("eth_getBlockByNumber", ["latest", True]),
        ("eth_getLogs", []),
        ("eth_getLogs", ["0x0"]),
        ("eth_getLogs", [{"topics": []}]),
        ("eth_getLogs", [{"fromBlock": "0x0", "toBlock": "0xffffff"}]),
        ("eth_getLogs", [{"address": [1]}]),
        ("eth_sendRawTransaction", []),
        ("eth_sendRawTransaction", ["0xzz"]),
        ("eth_sendRawTransaction", [None]),
    ],
    ids=repr,
)
def test_request_is_refused_as_invalid_when_the_params_are_bad(
    method: str, params: list[Any]
) -> None:
    with pytest.raises(NodeError) as refusal:
        SmallChain().node.request(method, params)
    assert refusal.value.code == INVALID_PARAMS


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBlockByNumber", ["0xffffff", False]),
        ("eth_getTransactionReceipt", ["0x" + "77" * 32]),
        ("eth_getTransactionReceipt", ["0x12"]),
    ],
)
def test_request_gives_null_when_what_is_named_does_not_exist(
    method: str, params: list[Any]
) -> None:
    assert SmallChain().node.request(method, params) is None


def test_call_gives_code_3_and_the_error_s_bytes_when_it_reverts(copy: Opened) -> None:
    data = "0x" + encode_view("Identifiers", "requireVerifier", verifier_arguments()).hex()
    call = {"to": "0x" + copy.manifest.identifiers.hex(), "data": data}
    with pytest.raises(NodeError) as refusal:
        copy.node.request("eth_call", [call, "latest"])
    assert refusal.value.code == REVERTED
    assert refusal.value.data is not None
    assert len(refusal.value.data) >= 10
