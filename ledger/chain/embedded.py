"""The embedded chain: py-evm under Cancun rules whose every entry lies in one durable store.

One process, one writer, one validator: tamper-evident, not fault-tolerant. It builds on
eth-tester's backend and mends what a ledger cannot live with: memory-only state, foreign chain
ids, a clock that runs away, and receipts found by walking back from the head.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from eth.abc import BlockHeaderAPI, SignedTransactionAPI
from eth.chains.base import MiningChain
from eth.constants import BLANK_ROOT_HASH, ZERO_ADDRESS
from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB
from eth.exceptions import CanonicalHeadNotFound
from eth.vm.forks.cancun import CancunVM
from eth.vm.spoof import SpoofTransaction
from eth_hash.auto import keccak
from eth_tester.backends.pyevm.main import PyEVMBackend
from eth_typing import Address, BlockNumber

CHAIN_ID = 20260101
GENESIS_TIME = 946_684_800  # 2000-01-01T00:00:00Z
BLOCK_GAS_LIMIT = 1_000_000_000
# The base fee stays 0 as long as no block uses more than half of the limit (EIP-1559).
BLOCK_GAS_TARGET = 400_000_000


class Entries(Protocol):
    """Durable key-value entries; `write` stores all of a block in one transaction."""

    def get(self, key: bytes) -> bytes | None: ...

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Store all entries or none; None removes a key."""
        ...


class _BlockBuffer(BaseDB):
    """The entries of the block being sealed, in front of the durable ones."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._pending: dict[bytes, bytes | None] = {}

    def __getitem__(self, key: bytes) -> bytes:
        value = self._pending[key] if key in self._pending else self._entries.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._pending[key] = value

    def __delitem__(self, key: bytes) -> None:
        self._pending[key] = None

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    def commit(self) -> None:
        self._entries.write(self._pending)
        self._pending = {}

    def drop(self) -> None:
        self._pending = {}


class _LedgerChain(MiningChain):
    chain_id = CHAIN_ID
    vm_configuration = ((BlockNumber(0), CancunVM),)

    def create_header_from_parent(
        self, parent_header: BlockHeaderAPI, **header_params: Any
    ) -> BlockHeaderAPI:
        header_params["gas_limit"] = parent_header.gas_limit
        return super().create_header_from_parent(parent_header, **header_params)


class TransactionRefused(Exception):
    """A raw transaction that can never enter this chain."""


class CallReverted(Exception):
    """A call that ended in a revert; `output` holds the encoded error."""

    def __init__(self, output: bytes) -> None:
        super().__init__(output.hex())
        self.output = output


class DurableBackend(PyEVMBackend):  # type: ignore[misc]
    """eth-tester's backend over durable entries, sealing whole blocks at given times.

    It stays a backend of eth-tester, so that web3's tester provider can drive this very chain.
    """

    def __init__(self, entries: Entries) -> None:
        self.account_keys = ()
        self._buffer = _BlockBuffer(entries)
        self.chain = self._open()
        self._buffer.commit()

    def _open(self) -> _LedgerChain:
        database = AtomicDB(self._buffer)
        try:
            return _LedgerChain(database)
        except CanonicalHeadNotFound:
            return _LedgerChain.from_genesis(database, _genesis(), {})  # type: ignore[return-value]

    @property
    def head(self) -> BlockHeaderAPI:
        return self.chain.get_canonical_head()

    def seal(self, transactions: list[SignedTransactionAPI], *, timestamp: int) -> None:
        """Execute the transactions into one block and commit it; all of it or nothing."""
        try:
            self.chain.set_header_timestamp(timestamp)
            mix_hash = keccak(self.chain.header.parent_hash)  # reproducible, unlike a random one
            self.chain.mine_all(transactions, coinbase=ZERO_ADDRESS, mix_hash=mix_hash)
            self._buffer.commit()
        except BaseException:
            self._buffer.drop()
            self.chain = self._open()
            raise

    def decode(self, raw_transaction: bytes) -> SignedTransactionAPI:
        """The transaction of these bytes; refuses other chains, unsigned and starved ones."""
        try:
            builder = self.chain.get_vm().get_transaction_builder()
            transaction = builder.decode(raw_transaction)
            transaction.validate()
        except Exception as error:  # py-evm, rlp and eth-keys have no common root here
            raise TransactionRefused(f"cannot be decoded: {error}") from error
        if transaction.chain_id != CHAIN_ID:
            raise TransactionRefused(f"signed for chain {transaction.chain_id}, not {CHAIN_ID}")
        if getattr(transaction, "gas_price", 1) or transaction.value:
            # Nobody has coins here: such a one could never be paid, and would fail its block.
            raise TransactionRefused("only gas price 0 and value 0 are taken")
        if transaction.gas > BLOCK_GAS_TARGET:
            raise TransactionRefused(f"gas above {BLOCK_GAS_TARGET}")
        return transaction

    def execute_call(
        self, *, sender: Address, to: Address, data: bytes, header: BlockHeaderAPI
    ) -> bytes:
        """The output of a call on the state after that block; raises CallReverted(output)."""
        vm = self.chain.get_vm(at_header=header)
        unsigned = vm.create_unsigned_transaction(
            nonce=vm.state.get_nonce(sender),
            gas_price=0,
            gas=BLOCK_GAS_TARGET,
            to=to,
            value=0,
            data=data,
        )
        spoofed: Any = SpoofTransaction(unsigned, from_=sender)  # signed by nobody, for a call only
        computation = vm.state.apply_transaction(spoofed)
        if computation.is_error:
            raise CallReverted(computation.output)
        return computation.output


def _genesis() -> dict[str, Any]:
    return {
        "difficulty": 0,
        "nonce": bytes(8),
        "mix_hash": BLANK_ROOT_HASH,
        "gas_limit": BLOCK_GAS_LIMIT,
        "timestamp": GENESIS_TIME,
        "base_fee_per_gas": 0,
        "coinbase": ZERO_ADDRESS,
        "extra_data": b"carbonledger",
    }
