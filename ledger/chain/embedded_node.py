"""The embedded chain as a node: ten JSON-RPC methods, a pool, and a sealer that batches."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from eth.abc import BlockHeaderAPI, SignedTransactionAPI
from eth.exceptions import HeaderNotFound, TransactionNotFound
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.exceptions import ValidationError
from eth_utils.hexadecimal import decode_hex

from ledger.chain.embedded import (
    BLOCK_GAS_TARGET,
    CHAIN_ID,
    CallReverted,
    DurableBackend,
    Entries,
    TransactionRefused,
)
from ledger.chain.node import METHOD_NOT_FOUND, Node, NodeError
from ledger.chain.rpc_format import block_json, hex_data, logs_json, receipt_json
from ledger.clock import Clock

_INVALID_PARAMS = -32602
_REVERTED = 3  # the code geth answers a reverted call with
# What bad parameters end in: our own reading of them, or py-evm's of sizes and block numbers.
_BAD_PARAMS = (
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
    ValidationError,
    HeaderNotFound,
)
# Answered also while a block is sealed, which takes seconds if it is full: readiness asks.
_AT_ONCE = frozenset({"eth_chainId", "net_version", "eth_blockNumber"})
_POOL_LIMIT = 10_000


class EmbeddedNode(Node):
    """One validator in this process. Thread-safe: one request of the state or seal at a time."""

    def __init__(self, entries: Entries, clock: Clock) -> None:
        self._backend = DurableBackend(entries)
        self._clock = clock
        self._lock = threading.RLock()
        self._head_number = self._backend.head.block_number
        self._pool: dict[bytes, SignedTransactionAPI] = {}
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_chainId": lambda: hex(CHAIN_ID),
            "net_version": lambda: str(CHAIN_ID),
            "eth_blockNumber": lambda: hex(self._head_number),
            "eth_getTransactionCount": self._transaction_count,
            "eth_sendRawTransaction": self._send_raw_transaction,
            "eth_getTransactionReceipt": self._transaction_receipt,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getLogs": self._logs,
            "eth_call": self._call,
            "eth_getCode": self._code,
        }

    def request(self, method: str, params: list[Any]) -> Any:
        if method not in self._methods:
            raise NodeError(METHOD_NOT_FOUND, f"the method {method} does not exist here")
        with nullcontext() if method in _AT_ONCE else self._lock:
            try:
                return self._methods[method](*params)
            except _BAD_PARAMS as error:
                raise NodeError(_INVALID_PARAMS, f"{method}: {error}") from error

    def seal(self) -> bool:
        """Seal one block of what waits; False when nothing waits or it is too early."""
        with self._lock:
            # The time first: a sealer looks often, and the pool's nonces are read from the state.
            if not self._pool or (timestamp := self._block_time()) is None:
                return False
            if not (transactions := self._executable()):
                return False
            self._backend.seal(transactions, timestamp=timestamp)
            self._head_number = self._backend.head.block_number
            for transaction in transactions:
                del self._pool[transaction.hash]
            return True

    def has_work(self) -> bool:
        """Whether a transaction waits for a block."""
        with self._lock:
            return bool(self._pool)

    def _block_time(self) -> int | None:
        return self._clock.block_time(self._backend.head.timestamp)

    def _executable(self) -> list[SignedTransactionAPI]:
        """Pooled transactions in nonce order without a gap, up to the block's gas."""
        chosen: list[SignedTransactionAPI] = []
        gas = 0
        senders = {transaction.sender for transaction in self._pool.values()}
        next_nonce = {sender: self._nonce(sender, self._backend.head) for sender in senders}
        for transaction in sorted(self._pool.values(), key=lambda one: one.nonce):
            nonce = next_nonce[transaction.sender]
            if transaction.nonce == nonce and gas + transaction.gas <= BLOCK_GAS_TARGET:
                chosen.append(transaction)
                next_nonce[transaction.sender] = nonce + 1
                gas += transaction.gas
        return chosen

    def _nonce(self, account: Address, header: BlockHeaderAPI) -> int:
        return int(self._backend.chain.get_vm(at_header=header).state.get_nonce(account))

    def _transaction_count(self, account: str, block: str = "latest") -> str:
        return hex(self._nonce(Address(decode_hex(account)), self._header(block)))

    def _send_raw_transaction(self, raw_transaction: str) -> str:
        try:
            transaction = self._backend.decode(decode_hex(raw_transaction))
        except TransactionRefused as error:
            raise NodeError(_INVALID_PARAMS, str(error)) from error
        if transaction.hash in self._pool or self._transaction_receipt(hex_data(transaction.hash)):
            return hex_data(transaction.hash)  # sent again after a crash: the same bytes
        if transaction.nonce < self._nonce(transaction.sender, self._backend.head):
            raise NodeError(_INVALID_PARAMS, "nonce too low")
        if len(self._pool) >= _POOL_LIMIT:
            raise NodeError(_INVALID_PARAMS, f"more than {_POOL_LIMIT} transactions wait")
        self._pool[transaction.hash] = transaction
        return hex_data(transaction.hash)

    def _transaction_receipt(self, transaction_hash: str) -> dict[str, Any] | None:
        chain = self._backend.chain
        try:
            number, index = chain.chaindb.get_transaction_index(
                Hash32(decode_hex(transaction_hash))
            )
        except TransactionNotFound:
            return None
        block = chain.get_canonical_block_by_number(number)
        return receipt_json(block, block.get_receipts(chain.chaindb), index)

    def _block_by_number(self, block: str, full: bool = False) -> dict[str, Any] | None:
        if full:
            raise NodeError(_INVALID_PARAMS, "only hashes of transactions are given here")
        try:
            header = self._header(block)
        except HeaderNotFound:
            return None
        hashes = self._backend.chain.chaindb.get_block_transaction_hashes(header)
        return block_json(header, hashes)

    def _logs(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """Logs of a block range by address; topics are not filtered here."""
        unknown = set(query) - {"fromBlock", "toBlock", "address"}
        if unknown:
            raise NodeError(_INVALID_PARAMS, f"filters not offered here: {sorted(unknown)}")
        first = self._header(query.get("fromBlock", "latest")).block_number
        last = self._header(query.get("toBlock", "latest")).block_number
        addresses = query.get("address", [])
        wanted = (
            {addresses.lower()} if isinstance(addresses, str) else set(map(str.lower, addresses))
        )
        return [
            log
            for number in range(first, last + 1)
            for log in self._block_logs(BlockNumber(number))
            if not wanted or log["address"] in wanted
        ]

    def _block_logs(self, number: BlockNumber) -> list[dict[str, Any]]:
        chain = self._backend.chain
        if not chain.get_canonical_block_header_by_number(number).bloom:
            return []
        block = chain.get_canonical_block_by_number(number)
        return [log for _, log in logs_json(block, block.get_receipts(chain.chaindb))]

    def _call(self, transaction: dict[str, str], block: str = "latest") -> str:
        data = transaction.get("data") or transaction.get("input") or "0x"
        try:
            output = self._backend.execute_call(
                sender=Address(decode_hex(transaction.get("from", "0x" + "00" * 20))),
                to=Address(decode_hex(transaction["to"])),
                data=decode_hex(data),
                header=self._header(block),
            )
        except CallReverted as error:
            raise NodeError(_REVERTED, "execution reverted", hex_data(error.output)) from error
        return hex_data(output)

    def _code(self, account: str, block: str = "latest") -> str:
        vm = self._backend.chain.get_vm(at_header=self._header(block))
        return hex_data(vm.state.get_code(Address(decode_hex(account))))

    def _header(self, block: str) -> BlockHeaderAPI:
        if block in {"latest", "pending", "safe", "finalized"}:
            return self._backend.head
        number = BlockNumber(0 if block == "earliest" else int(block, 16))
        return self._backend.chain.get_canonical_block_header_by_number(number)
