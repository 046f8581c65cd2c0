"""Refusals of the identity floor: one root, one class per refusal, its facts as fields.

The class name is the stable `code`. No secret (key, passphrase, plaintext) is ever a fact.
"""

from dataclasses import dataclass, fields
from typing import Any


class IdentityError(Exception):
    """A refusal of something offered: `code` is the class name, `facts` are the fields."""

    # Set where many things were offered at once: which of them, from 1.
    line: int | None = None

    @property
    def code(self) -> str:
        return type(self).__name__

    @property
    def facts(self) -> dict[str, Any]:
        own = fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
        return {field.name: getattr(self, field.name) for field in own}

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code}({told})"


@dataclass(eq=False)
class IdentifierMalformed(IdentityError):
    """The text is no identifier: `position` is the index in the text of what is wrong.

    Reasons: no_slash, prefix, suffix, extra_slash, double_escape, control_or_space,
    non_ascii, percent, utf8, length.
    """

    reason: str
    position: int


@dataclass(eq=False)
class SignatureMalformed(IdentityError):
    """Not a canonical 65-byte signature: length, recovery_id, range or high_s."""

    reason: str


@dataclass(eq=False)
class MessageMalformed(IdentityError):
    """A message does not fit its type: missing, unknown, type, range, length or utf8."""

    field: str
    rule: str


@dataclass(eq=False)
class KeyMalformed(IdentityError):
    """Not a secp256k1 private key: length or range."""

    reason: str


@dataclass(eq=False)
class KeystoreUnreadable(IdentityError):
    """No key came out of the file: unreadable, format, kdf, passphrase or address."""

    path: str
    reason: str


@dataclass(eq=False)
class KeystoreExists(IdentityError):
    """A keystore is never written over another file."""

    path: str


@dataclass(eq=False)
class SealBroken(IdentityError):
    """Not sealed with this key for this context, or changed since."""
