"""What the follower reads: blocks and decoded events of our contracts, and views by call."""

from dataclasses import dataclass
from typing import Any

from eth_utils.hexadecimal import decode_hex

from ledger.chain.codec import Event, decode_event, decode_view, encode_view
from ledger.chain.node import Node


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header as far as the mirror keeps it; time in unix seconds."""

    number: int
    hash: bytes
    parent: bytes
    time: int
    receipts_root: bytes


@dataclass(frozen=True, slots=True)
class Log:
    """One log of our contracts with its place, raw and decoded."""

    address: bytes
    block: int
    log_index: int
    transaction_index: int
    transaction_hash: bytes
    topics: bytes
    data: bytes
    event: Event


class Reader:
    """Reads one chain at the addresses of our contracts."""

    def __init__(self, node: Node, *, addresses: list[bytes]) -> None:
        self._node = node
        self._addresses = ["0x" + address.hex() for address in addresses]

    def head_number(self) -> int:
        return int(self._node.request("eth_blockNumber", []), 16)

    def block(self, number: int) -> Block:
        found = self._node.request("eth_getBlockByNumber", [hex(number), False])
        return Block(
            number=int(found["number"], 16),
            hash=decode_hex(found["hash"]),
            parent=decode_hex(found["parentHash"]),
            time=int(found["timestamp"], 16),
            receipts_root=decode_hex(found["receiptsRoot"]),
        )

    def logs(self, number: int) -> list[Log]:
        """The logs of this block in their order."""
        span = {"fromBlock": hex(number), "toBlock": hex(number), "address": self._addresses}
        return [_log(found) for found in self._node.request("eth_getLogs", [span])]

    def view(
        self, contract: str, view: str, arguments: list[Any], *, address: bytes, block: int
    ) -> tuple[Any, ...]:
        """What the view returns on the state after that block."""
        data = encode_view(contract, view, arguments)
        call = {"to": "0x" + address.hex(), "data": "0x" + data.hex()}
        output = self._node.request("eth_call", [call, hex(block)])
        return decode_view(contract, view, decode_hex(output))


def _log(found: dict[str, Any]) -> Log:
    topics = [decode_hex(topic) for topic in found["topics"]]
    data = decode_hex(found["data"])
    event = decode_event(topics, data)
    # EIP-5267's EIP712DomainChanged is never emitted by immutable contracts: all events are ours.
    assert event is not None, f"an event in no ABI of ours: {topics[0].hex()}"
    return Log(
        address=decode_hex(found["address"]),
        block=int(found["blockNumber"], 16),
        log_index=int(found["logIndex"], 16),
        transaction_index=int(found["transactionIndex"], 16),
        transaction_hash=decode_hex(found["transactionHash"]),
        topics=b"".join(topics),
        data=data,
        event=event,
    )
