"""The chain's door: a foreign library reads over a real socket, nobody writes."""

from typing import Any

import pytest
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception

from tests.api.world import World, compact

GARBAGE: list[Any] = [
    {"jsonrpc": "2.0", "id": 1},
    {"jsonrpc": "2.0", "id": 1, "method": 7},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": {"a": 1}},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": [1, 2, 3]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_unknown", "params": []},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": []},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["soon", False]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["-0x1", False]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": [None, False]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": [[], False]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["0x0", True]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [{"fromBlock": "0xffffff"}]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [{"topics": []}]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [{"address": 7}]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [[]]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getCode", "params": ["0x12", "latest"]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getCode", "params": ["zz", "latest"]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getCode", "params": ["0x" + "00" * 20, "0xffffff"]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{}, "latest"]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": 7}, "latest"]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": ["0x", "0xffffff"]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getTransactionReceipt", "params": [{}]},
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getTransactionCount", "params": ["0x", "latest"]},
    7,
    "eth_blockNumber",
    None,
]


@pytest.fixture(scope="module")
def chain(url: str) -> Web3:
    """The chain as another library sees it."""
    return Web3(HTTPProvider(f"{url}/rpc", exception_retry_configuration=None))


def test_read_block_gives_the_head_when_web3_asks(world: World, chain: Web3) -> None:
    block = chain.eth.get_block("latest")
    assert (block["number"], block["hash"].to_0x_hex()) == (chain.eth.block_number, world.head())
    assert block["parentHash"] == chain.eth.get_block(block["number"] - 1)["hash"]


def test_read_chain_id_gives_that_of_the_manifest_when_web3_asks(world: World, chain: Web3) -> None:
    assert chain.eth.chain_id == world.park.ledger.manifest.chain_id


def test_read_code_is_there_when_web3_asks_for_a_contract(world: World, chain: Web3) -> None:
    for contract in world.park.get("/.well-known/carbonledger")["contracts"].values():
        assert len(chain.eth.get_code(Web3.to_checksum_address(contract["address"]))) > 1000


def test_read_logs_holds_the_act_when_web3_asks_for_its_block(world: World, chain: Web3) -> None:
    surrendered = world.park.get(f"/v1/submissions/{world.ids['surrendered']}")
    quotas = Web3.to_checksum_address(world.park.ledger.manifest.quotas)
    block = surrendered["block"]
    logs = chain.eth.get_logs({"fromBlock": block, "toBlock": block, "address": quotas})
    assert world.ids["surrendered"] in [log["topics"][1].to_0x_hex() for log in logs]


def test_read_receipt_is_successful_when_web3_asks_for_a_transaction(
    world: World, chain: Web3
) -> None:
    surrendered = world.park.get(f"/v1/submissions/{world.ids['surrendered']}")
    receipt = chain.eth.get_transaction_receipt(surrendered["transaction"])
    assert (receipt["status"], receipt["blockNumber"]) == (1, surrendered["block"])


def test_send_is_refused_when_web3_tries(world: World, chain: Web3) -> None:
    before = world.head()
    with pytest.raises(Web3Exception, match="eth_sendRawTransaction is not offered here"):
        chain.eth.send_raw_transaction(b"\x01")
    assert world.head() == before


def _ask(world: World, body: Any) -> Any:
    answer = world.park.http.post("/rpc", content=compact(body))
    assert answer.status_code == 200, answer.text
    return answer.json()


def _call(number: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": "eth_chainId", "params": []}


def test_answer_batch_keeps_the_order_when_several_calls_come(world: World) -> None:
    told = _ask(world, [_call(2), {"id": 3, "method": "eth_unknown"}, _call(1)])
    assert [each["id"] for each in told] == [2, 3, 1]
    assert ["result" in each for each in told] == [True, False, True]


def test_answer_batch_is_an_error_when_it_is_too_long(world: World) -> None:
    assert len(_ask(world, [_call(number) for number in range(100)])) == 100
    told = _ask(world, [_call(number) for number in range(101)])
    assert told["error"]["code"] == -32600


def test_answer_batch_is_an_error_when_it_is_empty(world: World) -> None:
    assert _ask(world, [])["error"]["code"] == -32600


@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: str(body)[:60])
def test_answer_is_an_error_when_the_call_is_garbage(world: World, body: Any) -> None:
    assert "error" in _ask(world, body)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBlockByNumber", ["0xffffff", False]),
        ("eth_getTransactionReceipt", ["0x" + "12" * 32]),
        ("eth_getTransactionReceipt", ["0x12"]),
    ],
)
def test_answer_is_null_when_the_chain_has_no_such_thing(
    world: World, method: str, params: list[Any]
) -> None:
    told = _ask(world, {"id": 1, "method": method, "params": params})
    assert told == {"jsonrpc": "2.0", "id": 1, "result": None}
