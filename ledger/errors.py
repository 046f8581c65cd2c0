"""Refusals of the ledger: one root, one class per refusal, its facts as fields.

The class name is the stable `code`; a contract error has the same name and facts here. No HTTP
lives here (statuses: `api/errors.py`). Identifiers and addresses are bytes, times unix seconds.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from identity.errors import IdentityError


class Refusal(Exception):
    """A refusal a caller can act on: `code` is the class name, `facts` are the fields."""

    # Set where the very act came before: its id and state.
    first: tuple[bytes, str] | None = None
    # Set where many acts came at once: which of them, from 1.
    line: int | None = None

    @property
    def code(self) -> str:
        return type(self).__name__

    @property
    def facts(self) -> dict[str, Any]:
        own = fields(self)  # type: ignore[arg-type]
        return {field.name.rstrip("_"): getattr(self, field.name) for field in own}


Refused: TypeAlias = Refusal | IdentityError
REFUSED = (Refusal, IdentityError)  # the same for `except`, which takes no union


class DoorRefusal(Refusal):
    """A refusal of the service itself; no contract knows it."""


@dataclass(eq=False)
class ResourceUnknown(DoorRefusal):
    """Nothing of this name is to be seen here."""

    resource: str


@dataclass(eq=False)
class PrefixNotHomed(DoorRefusal):
    """Names below this prefix are kept by another Handle service, or by none."""

    prefix: str


@dataclass(eq=False)
class IdempotencyKeyMissing(DoorRefusal):
    """A POST needs an Idempotency-Key of 1 to 64 letters, digits, - and _."""


@dataclass(eq=False)
class IdempotencyKeyReused(DoorRefusal):
    """The key came with another request before."""

    first_at: int


@dataclass(eq=False)
class CursorMalformed(DoorRefusal):
    """The cursor is not one of this list."""

    reason: str


@dataclass(eq=False)
class AsOfUnknown(DoorRefusal):
    """The chain has no such block yet, or had none at that time."""

    asked: str
    head: int


@dataclass(eq=False)
class ExportTooLarge(DoorRefusal):
    """More rows than this format holds."""

    rows: int
    limit: int
    use: str


@dataclass(eq=False)
class FormatUnavailable(DoorRefusal):
    """The list is not given in this format."""

    format: str
    offered: list[str]


@dataclass(eq=False)
class FilterUnknown(DoorRefusal):
    """The list has no such filter."""

    name: str
    known: list[str]


@dataclass(eq=False)
class FieldInvalid(DoorRefusal):
    """Fields that break the schema."""

    errors: list[dict[str, str]]


@dataclass(eq=False)
class PayloadTooLarge(DoorRefusal):
    """The body is larger than allowed."""

    limit_bytes: int


@dataclass(eq=False)
class RequestSlow(DoorRefusal):
    """The body came more slowly than this many bytes a second."""

    bytes_per_second: int


@dataclass(eq=False)
class MediaTypeUnsupported(DoorRefusal):
    """The body's media type is not read here."""

    offered: list[str]


@dataclass(eq=False)
class ChainMismatch(DoorRefusal):
    """Signed for another chain."""

    expected: int
    given: int


@dataclass(eq=False)
class ContractMismatch(DoorRefusal):
    """Signed for another contract."""

    expected: bytes
    given: bytes


@dataclass(eq=False)
class TokenMissing(DoorRefusal):
    """This needs an access token or a session."""


@dataclass(eq=False)
class TokenInvalid(DoorRefusal):
    """The access token opens nothing: unknown, expired or revoked."""

    reason: str


@dataclass(eq=False)
class ScopeMissing(DoorRefusal):
    """The access token does not carry this scope."""

    needed: str


@dataclass(eq=False)
class CsrfTokenWrong(DoorRefusal):
    """A write by cookie must bring the token that the session told."""


@dataclass(eq=False)
class CustodyForbidden(DoorRefusal):
    """Participants of this kind sign with keys of their own."""

    kind: int


@dataclass(eq=False)
class CustodyKeyMissing(DoorRefusal):
    """No key that the service holds for this person may sign for the participant now."""

    actor: bytes


@dataclass(eq=False)
class InvitationForbidden(DoorRefusal):
    """Only the participant's owner or a regulator invites its persons."""

    participant: bytes


@dataclass(eq=False)
class InvitationUsed(DoorRefusal):
    """The invitation opened its one token, or its time is over."""


@dataclass(eq=False)
class RateLimited(DoorRefusal):
    """Too many requests at once."""

    retry_after_seconds: int


@dataclass(eq=False)
class DocumentMismatch(DoorRefusal):
    """The content does not have the digest it came with."""

    digest: bytes
    computed: bytes


@dataclass(eq=False)
class OutboxFull(DoorRefusal):
    """Too many submissions wait for the chain."""

    limit: int


@dataclass(eq=False)
class LedgerHalted(DoorRefusal):
    """An invariant is broken: writing has stopped."""

    reason: str
    block: int


@dataclass(eq=False)
class DatabaseUnavailable(DoorRefusal):
    """The database does not answer or takes no writes: away, full, or busy for too long."""


@dataclass(eq=False)
class ChainUnavailable(DoorRefusal):
    """The chain's node does not answer."""

    reason: str


@dataclass(eq=False)
class ChainRulesOld(DoorRefusal):
    """The chain executes by rules before `needed`, which the contracts are compiled for."""

    needed: str


@dataclass(eq=False)
class DeploymentRefused(DoorRefusal):
    """The chain's node did not take the contracts; `reason` is its word on it."""

    reason: str


@dataclass(eq=False)
class ConnectionsMalformed(DoorRefusal):
    """connections.json says something else than where chain and tables are."""

    reason: str


@dataclass(eq=False)
class BackupElsewhere(DoorRefusal):
    """This ledger's `part`, chain or database, is not in its directory."""

    part: str


@dataclass(eq=False)
class DirectoryEmpty(DoorRefusal):
    """No ledger lives in this directory: run `carbonledger init`."""


@dataclass(eq=False)
class DirectoryInUse(DoorRefusal):
    """Another process owns this directory."""

    path: str


@dataclass(eq=False)
class DirectoryNotEmpty(DoorRefusal):
    """`init` needs a directory of its own."""

    path: str


@dataclass(eq=False)
class ContractsForeign(DoorRefusal):
    """The contracts on chain are not this version's: data of other code is not opened."""

    contract: str
    expected: bytes
    found: bytes


@dataclass(eq=False)
class AssetMalformed(DoorRefusal):
    """Not `INSTRUMENT-vintage` with an optional `#lot`."""

    value: str


@dataclass(eq=False)
class MethodRefused(DoorRefusal):
    """`/rpc` only reads: this method is not offered."""

    method: str
    offered: list[str]


@dataclass(eq=False)
class ScriptRefused(DoorRefusal):
    """Only a demo's directory runs under a scripted clock."""


@dataclass(eq=False)
class MirrorMissing(DoorRefusal):
    """The mirror's file is gone; the chain has everything to make it anew."""

    file: str


@dataclass(eq=False)
class RestoreUnfinished(DoorRefusal):
    """A restore was broken off in this directory: nothing in it is served."""

    path: str


@dataclass(eq=False)
class SchemaForeign(DoorRefusal):
    """The kept tables have the shape of another version."""

    expected: str
    found: str


@dataclass(eq=False)
class ChainShorter(DoorRefusal):
    """The chain ends before a block that this directory has read or settled."""

    chain: int
    known: int


@dataclass(eq=False)
class ChainForked(DoorRefusal):
    """The chain's block of this number is another one than this directory knows."""

    block: int


@dataclass(eq=False)
class DatabaseDamaged(DoorRefusal):
    """SQLite finds the file damaged; `reason` is its first word on it."""

    file: str
    reason: str
