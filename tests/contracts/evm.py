"""A chain in memory on py-evm, under Cancun rules, whose head can be put back.

Independent of ledger.chain, so that the contracts are tested without the code that carries acts.
"""

from dataclasses import dataclass
from typing import Any

from eth.abc import BlockHeaderAPI
from eth.chains.base import MiningChain
from eth.constants import BLANK_ROOT_HASH, ZERO_ADDRESS
from eth.db.atomic import AtomicDB
from eth.db.backends.memory import MemoryDB
from eth.vm.forks.cancun import CancunVM
from eth.vm.spoof import SpoofTransaction
from eth_keys.datatypes import PrivateKey
from eth_typing import Address, BlockNumber

CHAIN_ID = 7_031_099
START = 1_700_000_000
CARRIER = PrivateKey(b"\x11" * 32)
_BLOCK_GAS = 1_000_000_000
_CALL_GAS = 30_000_000


class _MemoryChain(MiningChain):
    chain_id = CHAIN_ID
    vm_configuration = ((BlockNumber(0), CancunVM),)

    def create_header_from_parent(
        self, parent_header: BlockHeaderAPI, **header_params: Any
    ) -> BlockHeaderAPI:
        header_params["gas_limit"] = parent_header.gas_limit
        return super().create_header_from_parent(parent_header, **header_params)


class Reverted(Exception):
    """A call or transaction that ended in a revert; `output` is the encoded error."""

    def __init__(self, output: bytes) -> None:
        super().__init__(output.hex())
        self.output = output


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction that is in a block: address of what it created, logs, gas used."""

    created: bytes
    logs: tuple[tuple[bytes, list[bytes], bytes], ...]
    gas: int


class Evm:
    """Blocks of one transaction each, a second apart."""

    def __init__(self) -> None:
        genesis: dict[str, Any] = {
            "difficulty": 0,
            "nonce": bytes(8),
            "mix_hash": BLANK_ROOT_HASH,
            "gas_limit": _BLOCK_GAS,
            "timestamp": START,
            "base_fee_per_gas": 0,
            "coinbase": ZERO_ADDRESS,
            "extra_data": b"",
        }
        opened = _MemoryChain.from_genesis(AtomicDB(MemoryDB()), genesis, {})
        assert isinstance(opened, _MemoryChain)
        self._chain = opened
        self.head: BlockHeaderAPI = self._chain.get_canonical_head()
        self.pause_seconds = 1

    @property
    def next_time(self) -> int:
        """The time of the next block and of calls."""
        return self.head.timestamp + self.pause_seconds

    def send(self, to: bytes, data: bytes, *, sender: PrivateKey = CARRIER, gas: int) -> Mined:
        """Mine a transaction; raises Reverted, leaving the head where it was."""
        self._open_block()
        vm = self._chain.get_vm()
        address = Address(sender.public_key.to_canonical_address())
        nonce = vm.state.get_nonce(address)
        transaction = vm.create_unsigned_transaction(
            nonce=nonce, gas_price=0, gas=gas, to=Address(to), value=0, data=data
        ).as_signed_transaction(sender, CHAIN_ID)
        result, receipts, computations = self._chain.mine_all([transaction])
        if computations[0].is_error:
            raise Reverted(computations[0].output)
        self.head, self.pause_seconds = result.imported_block.header, 1
        logs = tuple(
            (log.address, [topic.to_bytes(32) for topic in log.topics], log.data)
            for log in receipts[0].logs
        )
        created = computations[0].msg.storage_address
        return Mined(bytes(created), logs, receipts[0].gas_used)

    def call(self, to: bytes, data: bytes, *, sender: bytes) -> bytes:
        """The output of a call in the next block; raises Reverted."""
        self._open_block()
        vm = self._chain.get_vm()
        unsigned = vm.create_unsigned_transaction(
            nonce=vm.state.get_nonce(Address(sender)),
            gas_price=0,
            gas=_CALL_GAS,
            to=Address(to),
            value=0,
            data=data,
        )
        spoofed: Any = SpoofTransaction(unsigned, from_=sender)
        computation = vm.state.apply_transaction(spoofed)
        if computation.is_error:
            raise Reverted(computation.output)
        return computation.output

    def code(self, address: bytes) -> bytes:
        """The code at an address."""
        return self._chain.get_vm(self.head).state.get_code(Address(address))

    def storage_root(self, address: bytes) -> bytes:
        """The hash of all that a contract keeps."""
        state: Any = self._chain.get_vm(self.head).state
        root: bytes = state._account_db._get_account(Address(address)).storage_root
        return root

    def slot(self, address: bytes, place: bytes) -> int:
        """One word of a contract's storage."""
        state = self._chain.get_vm(self.head).state
        return state.get_storage(Address(address), int.from_bytes(place))

    def _open_block(self) -> None:
        self._chain.header = self._chain.create_header_from_parent(
            self.head, timestamp=self.next_time
        )
