"""Runs one contract's own code on a bare EVM: no node, no transactions, no blocks."""

import json
from pathlib import Path

from eth.abc import ComputationAPI
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.cancun import CancunVM
from eth_typing import Address

_GAS = 1_000_000_000
_PLACE = Address(b"\x01" * 20)


class ContractRunner:
    """A contract created from its artifact; its storage lives as long as the runner."""

    def __init__(self, artifact: Path, constructor_arguments: bytes = b"") -> None:
        chain = MiningChain.configure("BareChain", vm_configuration=((0, CancunVM),))
        self._vm = chain.from_genesis(
            AtomicDB(), {"difficulty": 0, "gas_limit": _GAS, "timestamp": 1_700_000_000}, {}
        ).get_vm()
        creation = bytes.fromhex(json.loads(artifact.read_text("utf-8"))["bytecode"][2:])
        self._code = creation + constructor_arguments
        self.creation = self.call(b"", sender=bytes(20))
        self.creation.raise_if_error()
        self._code = self.creation.output

    def call(self, data: bytes, *, sender: bytes) -> ComputationAPI:
        """What came of calling the contract with this data: output, logs, error."""
        return self._vm.execute_bytecode(
            origin=Address(sender),
            gas_price=0,
            gas=_GAS,
            to=_PLACE,
            sender=Address(sender),
            value=0,
            data=data,
            code=self._code,
        )
