"""Our signed promise for a submission: carried by `carry_by`, executed or refused."""

from dataclasses import dataclass

from identity.signature import sign_digest
from identity.typed_data import (
    ACKNOWLEDGEMENT,
    DOMAIN_NAME,
    DOMAIN_VERSION,
    Domain,
    digest,
    struct_hash,
)
from ledger.naming import snake_case
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
        promised = Acknowledgement(
            act_id, actor, now, now + CARRY_WITHIN_SECONDS, head, self._service
        )
        return promised, sign_digest(self._private_key, self._digest(promised))

    def _digest(self, promised: Acknowledgement) -> bytes:
        message = {name: getattr(promised, snake_case(name)) for name, _ in ACKNOWLEDGEMENT}
        hashed = struct_hash("Acknowledgement", ACKNOWLEDGEMENT, message)
        return digest(self._domain.separator, hashed)
