"""A signed act as it comes in: form, domain, deadline and signature, judged without any table."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from identity.identifier import child_hash
from identity.signature import recover_address
from identity.typed_data import (
    Domain,
    act_id,
    digest,
    encode_data,
    hash_of_data,
)
from ledger import contract_errors as refused
from ledger.chain.bindings import SCHEMES
from ledger.errors import ChainMismatch, ContractMismatch, Refusal
from ledger.messages import fields_of, message_domain
from ledger.store.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a client sends: a complete message, the domain it was signed for, the signatures.

    `message` has the Solidity names; signatures are raw bytes.
    """

    type: str
    message: Mapping[str, Any]
    chain_id: int
    contract: bytes
    signature: bytes
    possession: bytes | None = None


@dataclass(frozen=True, slots=True)
class SignedAct:
    """A message with its id and the key that signed it; nothing is said of the key's rights.

    `words` is its EIP-712 data: 32 bytes a field.
    """

    type: str
    message: Mapping[str, Any]
    words: bytes
    id: bytes
    digest: bytes
    key: bytes
    signature: bytes
    possession: bytes | None

    @property
    def deadline(self) -> int:
        deadline: int = self.message["deadline"]
        return deadline


@cache
def domain_of(manifest: Manifest, message_type: str) -> Domain:
    """The EIP-712 domain that a message is signed for."""
    return message_domain(message_type, chain_id=manifest.chain_id, address_of=manifest.address_of)


def unsigned_act(
    message_type: str, message: Mapping[str, Any], *, manifest: Manifest, key: bytes
) -> SignedAct:
    """The act that this key would sign, its signature still empty; raises MessageMalformed."""
    fields = fields_of(message_type)
    words = encode_data(fields, message)
    hashed = hash_of_data(message_type, fields, words)
    return SignedAct(
        type=message_type,
        message=message,
        words=words,
        id=act_id(hashed),
        digest=digest(domain_of(manifest, message_type).separator, hashed),
        key=key,
        signature=b"",
        possession=None,
    )


def open_act(envelope: Envelope, *, manifest: Manifest) -> SignedAct:
    """The signed act of an envelope.

    Raises ChainMismatch, ContractMismatch, MessageMalformed, SignatureMalformed, KeyProofWrong.
    """
    fields, domain = fields_of(envelope.type), domain_of(manifest, envelope.type)
    if envelope.chain_id != domain.chain_id:
        raise ChainMismatch(domain.chain_id, envelope.chain_id)
    if envelope.contract != domain.contract:
        raise ContractMismatch(domain.contract, envelope.contract)
    words = encode_data(fields, envelope.message)
    hashed = hash_of_data(envelope.type, fields, words)
    signed = digest(domain.separator, hashed)
    if envelope.type == "KeyAddition":
        _check_possession(envelope, signed)
    return SignedAct(
        type=envelope.type,
        message=envelope.message,
        words=words,
        id=act_id(hashed),
        digest=signed,
        key=recover_address(signed, envelope.signature),
        signature=envelope.signature,
        possession=envelope.possession,
    )


def require_in_time(act: SignedAct, now: int) -> None:
    """Raises SignatureExpired; an act that was taken in before is answered all the same."""
    if act.deadline < now:
        raise refused.SignatureExpired(act.deadline, now)


def _check_possession(envelope: Envelope, signed: bytes) -> None:
    """The added key signed its own addition; contracts and other curves cannot and need not."""
    if envelope.message["scheme"] != SCHEMES["SECP256K1"]:
        return
    added = envelope.message["addedKey"]
    recovered = recover_address(signed, envelope.possession or b"")
    if recovered != added:
        raise refused.KeyProofWrong(added, recovered)


def already_made(act: SignedAct) -> Refusal:
    """The refusal that the contract has for this act when it comes again."""
    message = act.message
    match act.type:
        case "Registration":
            return refused.IdentifierAlreadyRegistered(created_subject(message))
        case "KeyAddition":
            return refused.KeyAlreadyAdded(message["participant"], message["addedKey"])
        case "Tie":
            return refused.TieAlreadyDeclared(
                message["verifier"], message["enterprise"], message["ties"]
            )
        case "Transfer":
            return refused.NonceUsed(message["from"], message["asset"], message["nonce"])
        case "Surrender" | "Cancellation":
            return refused.NonceUsed(message["account"], message["asset"], message["nonce"])
    if "revision" in message:
        return refused.RevisionOutOfDate(message["revision"], message["revision"])
    return refused.ActAlreadyMade(act.id)


def created_subject(registration: Mapping[str, Any]) -> bytes:
    """The identifier that a Registration creates."""
    return child_hash(
        registration["parent"],
        is_prefix=registration["isPrefix"],
        label=registration["label"],
    )


def subjects_of(act: SignedAct) -> set[bytes]:
    """The identifiers that a message names: 28 bytes of hash and four zeros each."""
    values = (value for value in act.message.values() if isinstance(value, bytes))
    return {value for value in values if len(value) == 32 and value[28:] == bytes(4) and any(value)}
