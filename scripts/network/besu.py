"""A network of Besu validators that agree by QBFT: keys, genesis, permissions, options.

Names are those of Besu's sources and documents; tests/scripts/network holds the excerpts they are
compared with. What is written where is in scripts.network.files.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import rlp
from coincurve import PublicKey

from identity.keys import address_of_point, generate_key

VERSION = "26.9.0"  # or later: it mends security; emptyblockperiodseconds is known since 26.5.0
JAVA = 25  # since 26.6.0
CONFIGURATION = "/etc/besu"
DATA = "/var/lib/besu"
LOOPBACK = "127.0.0.1"
_P2P_PORT, _RPC_PORT = 30303, 8545  # Besu's own, of the first validator on a machine
_BLOCK_SECONDS = 2
_ROUND_SECONDS = 2 * _BLOCK_SECONDS  # Besu's advice: twice the block's, then tune
_EMPTY_BLOCK_SECONDS = 60
_EPOCH_BLOCKS = 30_000
_BLOCK_GAS = 400_000_000  # five full transactions of the courier, which ask 80,100,000 each
_CONTRACT_BYTES_MAX = 65_536  # our largest has 15,595
_LOGS_BLOCKS_MAX = 1_000  # the mirror asks block by block
# "ctical byzantine fault tolerance": what marks a block of Besu's BFT protocols.
_MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
_VANITY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Validator:
    """One node: its name, where it listens, and its 32-byte private key."""

    name: str
    host: str  # IPv4
    p2p_port: int
    rpc_port: int
    private_key: bytes = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """The 64 bytes of the key's point."""
        return self._point.format(compressed=False)[1:]

    @property
    def address(self) -> bytes:
        return address_of_point(self._point)

    @property
    def enode(self) -> str:
        return f"enode://{self.public_key.hex()}@{self.host}:{self.p2p_port}"

    @property
    def rpc(self) -> str:
        """Where the programs of its own machine ask it."""
        return f"http://{LOOPBACK}:{self.rpc_port}"

    @property
    def _point(self) -> PublicKey:
        return PublicKey.from_valid_secret(self.private_key)


@dataclass(frozen=True, slots=True)
class Network:
    """Validators of one chain, and the addresses that may send; none given: whoever likes."""

    chain_id: int
    validators: tuple[Validator, ...]
    couriers: tuple[bytes, ...]

    @property
    def failures_max(self) -> int:
        """How many validators may fail or lie while the others go on: f of n >= 3f + 1."""
        return (len(self.validators) - 1) // 3


def make_validators(
    hosts: Sequence[str], make_key: Callable[[], bytes] = generate_key
) -> tuple[Validator, ...]:
    """A validator with a fresh key for each host; those of one host have ports of their own."""
    on_host: Counter[str] = Counter()
    made = []
    for number, host in enumerate(hosts, start=1):
        p2p_port, rpc_port = _P2P_PORT + on_host[host], _RPC_PORT + on_host[host]
        made.append(Validator(f"validator-{number}", host, p2p_port, rpc_port, make_key()))
        on_host[host] += 1
    return tuple(made)


def extra_data(addresses: Sequence[bytes]) -> bytes:
    """Genesis extraData: RLP([vanity, validators, no vote, round 0, no seals])."""
    encoded: bytes = rlp.encode([bytes(_VANITY_BYTES), list(addresses), [], 0, []])
    return encoded


def genesis(network: Network) -> dict[str, Any]:
    """The genesis file: rules of Cancun from the first block, no fees, block-header validators."""
    return {
        "config": {
            "chainId": network.chain_id,
            "berlinBlock": 0,
            "londonBlock": 0,
            "shanghaiTime": 0,
            "cancunTime": 0,
            "zeroBaseFee": True,
            "contractSizeLimit": _CONTRACT_BYTES_MAX,
            "qbft": {
                "blockperiodseconds": _BLOCK_SECONDS,
                "emptyblockperiodseconds": _EMPTY_BLOCK_SECONDS,
                "epochlength": _EPOCH_BLOCKS,
                "requesttimeoutseconds": _ROUND_SECONDS,
            },
        },
        "nonce": "0x0",
        "timestamp": "0x0",
        "gasLimit": hex(_BLOCK_GAS),
        "baseFeePerGas": "0x0",
        "difficulty": "0x1",
        "mixHash": _MIX_HASH,
        "coinbase": "0x" + "00" * 20,
        "extraData": "0x" + extra_data(sorted(one.address for one in network.validators)).hex(),
        "alloc": {},
    }


def options(network: Network, validator: Validator) -> list[str]:
    """Besu's options for this validator, the same under systemd and in a container."""
    data, permissions = f"{DATA}/{validator.name}", f"{CONFIGURATION}/permissions_config.toml"
    return [
        f"--data-path={data}",
        f"--genesis-file={CONFIGURATION}/genesis.json",
        f"--node-private-key-file={data}/key",
        "--sync-mode=FULL",
        *_p2p_options(validator, permissions),
        "--min-gas-price=0",
        "--tx-pool=sequenced",
        "--tx-pool-limit-by-account-percentage=1",  # of the sequenced pool: one courier sends all
        f"--permissions-accounts-config-file-enabled={str(bool(network.couriers)).lower()}",
        f"--permissions-accounts-config-file={permissions}",
        *_rpc_options(validator),
    ]


def _p2p_options(validator: Validator, permissions: str) -> list[str]:
    return [
        f"--p2p-host={validator.host}",
        f"--p2p-port={validator.p2p_port}",
        "--discovery-enabled=false",
        "--remote-connections-limit-enabled=false",  # who is permitted is enough
        f"--static-nodes-file={CONFIGURATION}/static-nodes.json",
        "--permissions-nodes-config-file-enabled=true",
        f"--permissions-nodes-config-file={permissions}",
    ]


def _rpc_options(validator: Validator) -> list[str]:
    return [
        "--rpc-http-enabled=true",
        f"--rpc-http-host={LOOPBACK}",
        f"--rpc-http-port={validator.rpc_port}",
        "--rpc-http-api=ETH,NET,WEB3",
        f"--rpc-max-logs-range={_LOGS_BLOCKS_MAX}",
        f"--host-allowlist=localhost,{LOOPBACK}",
    ]
