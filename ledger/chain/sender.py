"""What the courier sends: signed raw transactions at gas price 0, and what became of them."""

from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_utils.hexadecimal import decode_hex

from ledger.chain.codec import decode_event, encode_batch
from ledger.chain.node import SENDING_METHOD, Node, NodeError
from ledger.chain.roots import raw_log

# Generous: the dearest verb of the tests stays below 150,000; what is not used costs nothing.
_GAS_PER_CALL = 400_000
_GAS_PER_TRANSACTION = 100_000


@dataclass(frozen=True, slots=True)
class RawTransaction:
    """A signed transaction, its hash, and its bytes as they go out."""

    hash: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mined batch: its block, and the encoded error of each refused call by its index."""

    block: int
    refusals: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Batch:
    """Calls of one contract in one transaction; `is_whole`: all of them or none."""

    contract: str
    calls: list[bytes]
    is_whole: bool


class Sender:
    """One courier key on one chain."""

    def __init__(self, node: Node, *, private_key: bytes, chain_id: int) -> None:
        self._node = node
        self._account = Account.from_key(private_key)
        self._chain_id = chain_id

    @property
    def address(self) -> bytes:
        return decode_hex(self._account.address)

    def chain_nonce(self, *, block: int | None = None) -> int:
        """The next nonce as the chain knows it, now or after that block."""
        at = "latest" if block is None else hex(block)
        return int(self._node.request("eth_getTransactionCount", [self._account.address, at]), 16)

    def sign_batch(
        self, batch: Batch, *, address: bytes, nonce: int, gas_limit: int
    ) -> RawTransaction:
        """A transaction that carries the calls in one `batch` to the contract.

        It asks for no more gas than a block has room for: no node takes one that does.
        """
        calls = batch.calls
        return self._sign(
            to=address,
            data=encode_batch(batch.contract, calls, is_whole=batch.is_whole),
            gas=min(_GAS_PER_TRANSACTION + _GAS_PER_CALL * len(calls), gas_limit),
            nonce=nonce,
        )

    def block_gas_limit(self) -> int:
        """What a block of the chain has room for."""
        newest = self._node.request("eth_getBlockByNumber", ["latest", False])
        return int(newest["gasLimit"], 16)

    def sign_creation(self, code: bytes, *, gas: int, nonce: int) -> RawTransaction:
        """A transaction that creates a contract."""
        return self._sign(to=b"", data=code, gas=gas, nonce=nonce)

    def _sign(self, **fields: Any) -> RawTransaction:
        signed = self._account.sign_transaction(
            {"gasPrice": 0, "value": 0, "chainId": self._chain_id, **fields}
        )
        return RawTransaction(bytes(signed.hash), bytes(signed.raw_transaction))

    def send(self, raw: bytes) -> None:
        """Hand the bytes to the node; any error leaves the outcome unknown."""
        self._node.request(SENDING_METHOD, ["0x" + raw.hex()])

    def receipt(self, transaction_hash: bytes) -> dict[str, Any] | None:
        """The receipt in JSON-RPC form; None while the transaction is in no block."""
        parameters = ["0x" + transaction_hash.hex()]
        receipt: dict[str, Any] | None = self._node.request("eth_getTransactionReceipt", parameters)
        return receipt

    def refusal_of(self, batch: Batch, *, address: bytes, block: int) -> bytes:
        """The encoded error for which the chain refuses a whole batch; empty when it is not known.

        A receipt does not tell it, so the same call is asked again after that block.
        """
        call = {
            "to": "0x" + address.hex(),
            "data": "0x" + encode_batch(batch.contract, batch.calls, is_whole=batch.is_whole).hex(),
        }
        try:
            self._node.request("eth_call", [call, hex(block)])
        except NodeError as error:
            return decode_hex(error.data) if error.data else b""
        return b""


def outcome_of(receipt: dict[str, Any], *, calls: int) -> Outcome:
    """What the chain made of a batch of that many calls."""
    block = int(receipt["blockNumber"], 16)
    if int(receipt["status"], 16) == 0:
        return Outcome(block, dict.fromkeys(range(calls), b""))
    return Outcome(block, dict(filter(None, map(_refused_call, receipt["logs"]))))


def _refused_call(log: dict[str, Any]) -> tuple[int, bytes] | None:
    raw = raw_log(log)
    event = decode_event(raw.topics, raw.data)
    if event is None or event.name != "CallRefused":
        return None
    return event.fields["index"], event.fields["reason"]
