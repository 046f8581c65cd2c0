"""Whatever signs digests for somebody: a key in memory here, a vault or a device elsewhere."""

from dataclasses import dataclass, field
from typing import Protocol

from identity.keys import address_of
from identity.signature import sign_digest


class Signer(Protocol):
    """One secp256k1 key that signs; `address` is its 20 bytes."""

    @property
    def address(self) -> bytes: ...

    def sign(self, digest: bytes) -> bytes:
        """The canonical 65-byte signature of a 32-byte digest."""
        ...


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """A key of 32 bytes in this process's memory."""

    private_key: bytes = field(repr=False)

    @property
    def address(self) -> bytes:
        return address_of(self.private_key)

    def sign(self, digest: bytes) -> bytes:
        return sign_digest(self.private_key, digest)
