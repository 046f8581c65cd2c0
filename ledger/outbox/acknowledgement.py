"""Our signed promise for a submission: carried by `carry_by`, executed or refused."""

from dataclasses import dataclass
from functools import lru_cache

from identity.signature import sign_digest
from identity.typed_data import (
    ACKNOWLEDGEMENT,
    DOMAIN_NAME,
    DOMAIN_VERSION,
    Domain,
    digest,
    encode_data,
    hash_of_data,
)
from ledger.store.manifest import Manifest

CARRY_WITHIN_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The EIP-712 struct of contracts.md, section 8; times in unix seconds, head a block hash."""

    id: bytes
    actor: bytes
    accepted_at: int
    carry_by: int
    head: bytes
    service: bytes


class Acknowledger:
    """Signs acknowledgements with the key of the service."""

    def __init__(self, manifest: Manifest, private_key: bytes) -> None:
        self._domain = Domain(DOMAIN_NAME, DOMAIN_VERSION, manifest.chain_id, manifest.identifiers)
        self._service = manifest.service
        self._private_key = private_key

    def promise(
        self, act_id: bytes, *, actor: bytes, now: int, head: bytes
    ) -> tuple[Acknowledgement, bytes]:
        """The acknowledgement of an act accepted now, and its signature of 65 bytes."""
        carry_by = now + CARRY_WITHIN_SECONDS
        words = act_id + actor + _common_words(now, carry_by, head, self._service)
        hashed = hash_of_data("Acknowledgement", ACKNOWLEDGEMENT, words)
        signature = sign_digest(self._private_key, digest(self._domain.separator, hashed))
        return Acknowledgement(act_id, actor, now, carry_by, head, self._service), signature


@lru_cache(maxsize=16)
def _common_words(accepted_at: int, carry_by: int, head: bytes, service: bytes) -> bytes:
    """The encoded fields that all acts taken in together have in common."""
    values = {"acceptedAt": accepted_at, "carryBy": carry_by, "head": head, "service": service}
    return encode_data(ACKNOWLEDGEMENT[2:], values)
