"""Who asks: nobody known, or a participant's person who came with a token or a session.

A viewer's role is its participant's kind on chain, stored nowhere else. Who may act is decided
by signing keys, never here (api.md, sections 4 and 5).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from ledger.errors import ScopeMissing, TokenMissing

Scope: TypeAlias = Literal["read", "submit", "custody", "operate"]
SCOPES: tuple[Scope, ...] = get_args(Scope)  # the bit of each in `Access.scopes` is its place


@dataclass(frozen=True, slots=True)
class Viewer:
    """One who asks.

    `participant` is 32 bytes, `kind` its number in KINDS, `person` its number inside the
    participant; all None for nobody and for a token of the machine's operator. `token` is the
    32 bytes that name the credential, for idempotency keys.
    """

    participant: bytes | None = None
    kind: int | None = None
    person: int | None = None
    scopes: frozenset[Scope] = frozenset()
    token: bytes | None = None

    def require(self, scope: Scope) -> None:
        """Raises TokenMissing without a credential, ScopeMissing with one that is too narrow."""
        if self.token is None:
            raise TokenMissing
        if scope not in self.scopes:
            raise ScopeMissing(scope)


ANONYMOUS = Viewer()
