"""EIP-712 digests: ours beside eth-account's, on the same records, in turn, and all equal."""

import secrets
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from identity.typed_data import Domain, digest, struct_hash
from ledger.chain.bindings import MESSAGES

RECORDS, ROUNDS = 10_000, 3
_DOMAIN = Domain("Emissions", "1", 20260101, bytes(range(20)))
_FIELDS = MESSAGES["Evidence"]["fields"]


def measure_digest(records: int = RECORDS) -> dict[str, Any]:
    """Digests of random Evidence messages a second, the median of three rounds each."""
    messages = [_message() for _ in range(records)]
    ours, theirs = [], []
    for _ in range(ROUNDS):
        seconds, digests = _timed(_ours, messages)
        ours.append(seconds)
        seconds, expected = _timed(_theirs, messages)
        theirs.append(seconds)
        assert digests == expected, "both give the same digests"
    return {
        "records_equal": records,
        "ours_per_second": round(records / median(ours)),
        "eth_account_per_second": round(records / median(theirs)),
        "times_eth_account": round(median(theirs) / median(ours), 1),
    }


def _message() -> dict[str, Any]:
    return {
        name: secrets.token_bytes(32)
        if kind == "bytes32"
        else secrets.randbits(int(kind.removeprefix("uint")))
        for name, kind in _FIELDS
    }


def _timed(
    hashed: Callable[[dict[str, Any]], bytes], messages: list[dict[str, Any]]
) -> tuple[float, list[bytes]]:
    started = time.perf_counter()
    digests = [hashed(message) for message in messages]
    return time.perf_counter() - started, digests


def _ours(message: dict[str, Any]) -> bytes:
    return digest(_DOMAIN.separator, struct_hash("Evidence", _FIELDS, message))


def _theirs(message: dict[str, Any]) -> bytes:
    signable = encode_typed_data(_DOMAIN_DATA, _TYPES, message)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


_DOMAIN_DATA = {
    "name": _DOMAIN.name,
    "version": _DOMAIN.version,
    "chainId": _DOMAIN.chain_id,
    "verifyingContract": "0x" + _DOMAIN.contract.hex(),
}
_TYPES = {"Evidence": [{"name": name, "type": kind} for name, kind in _FIELDS]}
