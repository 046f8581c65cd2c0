"""Refusals whose rule is a contract's: same names and arguments as the Solidity errors.

The contract raises them on chain; the door raises them early when the mirror already says no.
"""

from dataclasses import dataclass

from ledger.errors import Refusal


class ContractRefusal(Refusal):
    """A rule of the contracts, refused by them or already at the door."""


@dataclass(eq=False)
class SignatureExpired(ContractRefusal):
    """The deadline of the message has passed."""

    deadline: int
    time: int


@dataclass(eq=False)
class BatchTooLong(ContractRefusal):
    """More calls than one batch may hold."""

    calls: int


@dataclass(eq=False)
class RevisionOutOfDate(ContractRefusal):
    """The revision is not the current one plus one."""

    current: int
    given: int


@dataclass(eq=False)
class FigureTooLarge(ContractRefusal):
    """An amount above 2^53 - 1."""

    value: int


@dataclass(eq=False)
class QuotaTooLarge(ContractRefusal):
    """An amount that does not fit its slot."""

    value: int


@dataclass(eq=False)
class PeriodBad(ContractRefusal):
    """Not a period of the years 2000 to 2999."""

    period: int


@dataclass(eq=False)
class IdentifierUnknown(ContractRefusal):
    """No identifier has this hash."""

    id: bytes


@dataclass(eq=False)
class StandingMissing(ContractRefusal):
    """The identifier's standing lacks the wanted bits."""

    id: bytes
    standing: int
    wanted: int


@dataclass(eq=False)
class IdentifierLabelBad(ContractRefusal):
    """The label breaks the grammar."""

    label: str


@dataclass(eq=False)
class IdentifierAlreadyRegistered(ContractRefusal):
    """The identifier exists."""

    id: bytes


@dataclass(eq=False)
class IdentifierKindWrong(ContractRefusal):
    """The kind does not fit here."""

    id: bytes
    kind: int


@dataclass(eq=False)
class IntervalBad(ContractRefusal):
    """The interval is empty, in the past, or before the recovery delay."""

    from_: int
    until: int


@dataclass(eq=False)
class KeyAlreadyAdded(ContractRefusal):
    """The participant has this key."""

    participant: bytes
    key: bytes


@dataclass(eq=False)
class KeyProofWrong(ContractRefusal):
    """The new key did not sign its own addition."""

    key: bytes
    recovered: bytes


@dataclass(eq=False)
class KeyRightMissing(ContractRefusal):
    """The key lacks the wanted rights."""

    participant: bytes
    key: bytes
    rights: int
    wanted: int


@dataclass(eq=False)
class KeyNotValid(ContractRefusal):
    """The key is unknown (all 0) or not valid now."""

    participant: bytes
    key: bytes
    valid_from: int
    valid_until: int
    compromised_since: int


@dataclass(eq=False)
class StandingBad(ContractRefusal):
    """Bits that no authority may set."""

    standing: int


@dataclass(eq=False)
class TieAlreadyDeclared(ContractRefusal):
    """Every bit of this tie is set."""

    verifier: bytes
    enterprise: bytes
    ties: int


@dataclass(eq=False)
class VerifierNotAssigned(ContractRefusal):
    """No assignment covers this enterprise and year."""

    verifier: bytes
    enterprise: bytes
    year: int


@dataclass(eq=False)
class VerifierNotIndependent(ContractRefusal):
    """The verifier is tied to the enterprise."""

    verifier: bytes
    enterprise: bytes
    ties: int


@dataclass(eq=False)
class VerifierNotAccredited(ContractRefusal):
    """The accreditation does not cover the sectors now."""

    verifier: bytes
    sectors: int
    time: int


@dataclass(eq=False)
class ActAlreadyMade(ContractRefusal):
    """This very act is the head of the figure."""

    id: bytes


@dataclass(eq=False)
class FigureOutOfDate(ContractRefusal):
    """The act follows another than the head of the figure."""

    facility: bytes
    period: int
    head: bytes
    follows: bytes


@dataclass(eq=False)
class FigureStageWrong(ContractRefusal):
    """The figure's stage does not allow this act."""

    facility: bytes
    period: int
    stage: int


@dataclass(eq=False)
class EvidenceEmpty(ContractRefusal):
    """A month without leaves."""

    facility: bytes
    month: int


@dataclass(eq=False)
class StatementNegative(ContractRefusal):
    """A negative statement cannot be confirmed."""

    opinion: int


@dataclass(eq=False)
class FigureDiffers(ContractRefusal):
    """The tonnes are not the verified grams rounded."""

    verified_grams: int
    tonnes: int


@dataclass(eq=False)
class AccountWrong(ContractRefusal):
    """The account is not the facility's owner."""

    account: bytes
    owner: bytes


@dataclass(eq=False)
class CapExceeded(ContractRefusal):
    """The cap is below what is or would be issued."""

    asset: int
    cap: int
    wanted: int


@dataclass(eq=False)
class QuotaZero(ContractRefusal):
    """An amount of 0."""


@dataclass(eq=False)
class QuotaInsufficient(ContractRefusal):
    """The bucket holds less than wanted."""

    account: bytes
    asset: int
    bucket: int
    have: int
    want: int


@dataclass(eq=False)
class NonceUsed(ContractRefusal):
    """The nonce of this holding is used."""

    account: bytes
    asset: int
    nonce: int


@dataclass(eq=False)
class NonceOutOfWindow(ContractRefusal):
    """The nonce is 16 or more away from the highest."""

    account: bytes
    asset: int
    nonce: int
    top: int


@dataclass(eq=False)
class AccountsEqual(ContractRefusal):
    """Sender and receiver are the same account."""

    account: bytes


@dataclass(eq=False)
class VintageNotValid(ContractRefusal):
    """No surrender rule admits this vintage for the year."""

    asset: int
    year: int


@dataclass(eq=False)
class ObligationExceeded(ContractRefusal):
    """More than the confirmed due of a strict rule."""

    account: bytes
    year: int
    due: int
    wanted: int


@dataclass(eq=False)
class OffsetExceeded(ContractRefusal):
    """More than the share this instrument may cover."""

    account: bytes
    year: int
    limit: int
    wanted: int


@dataclass(eq=False)
class ObligationNegative(ContractRefusal):
    """The obligation would fall below 0."""

    account: bytes
    year: int
    due: int
    change: int


@dataclass(eq=False)
class BucketWrong(ContractRefusal):
    """Nothing leaves this bucket."""

    bucket: int


@dataclass(eq=False)
class ECDSAInvalidSignature(ContractRefusal):
    """No key signs so (OpenZeppelin's word; the door says SignatureMalformed before)."""


@dataclass(eq=False)
class ECDSAInvalidSignatureLength(ContractRefusal):
    """Not 65 bytes (OpenZeppelin's word; the door says SignatureMalformed before)."""

    length: int


@dataclass(eq=False)
class ECDSAInvalidSignatureS(ContractRefusal):
    """A high s (OpenZeppelin's word; the door says SignatureMalformed before)."""

    s: bytes


@dataclass(eq=False)
class FailedCall(ContractRefusal):
    """A call of an all-or-nothing batch failed without a reason (OpenZeppelin's word)."""


@dataclass(eq=False)
class FoundersTooFew(ContractRefusal):
    """The root needs three founders or more."""

    founders: int
