"""A header's own hash, recomputed from its fields (Ethereum Yellow Paper 4.4.3, EIP-1559 ff.)."""

from typing import Any

from rlp.codec import encode_raw  # without looking for a type of each item

from identity.keccak import keccak256
from ledger.chain.hexadecimal import bytes_of

# Forks only append fields, so those that a header has are its prefix of this list.
_DATA_FIELDS = ("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot")
_FIELDS = (
    *_DATA_FIELDS,
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
)
_QUANTITIES = frozenset(
    {
        "difficulty",
        "number",
        "gasLimit",
        "gasUsed",
        "timestamp",
        "baseFeePerGas",
        "blobGasUsed",
        "excessBlobGas",
    }
)


def header_hash(header: dict[str, Any]) -> bytes:
    """The hash that Ethereum gives a header of these JSON-RPC fields.

    QBFT hashes another form of `extraData`, without the commit seals (Besu).
    """
    values = [_value(name, header[name]) for name in _FIELDS if header.get(name) is not None]
    return keccak256(encode_raw(values))


def _value(name: str, given: str) -> bytes:
    if name not in _QUANTITIES:
        return bytes_of(given)
    number = int(given, 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def may_have_logs(bloom: bytes, address: bytes) -> bool:
    """Whether a logs bloom of 256 bytes admits a log of this address (Yellow Paper 4.4.1)."""
    digest = keccak256(address)
    places = (int.from_bytes(digest[at : at + 2], "big") & 2047 for at in (0, 2, 4))
    return all(bloom[255 - place // 8] >> place % 8 & 1 for place in places)
