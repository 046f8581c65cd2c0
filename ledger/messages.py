"""The messages there are: the fields of each and the EIP-712 domain it is signed for."""

from collections.abc import Callable

from identity.typed_data import (
    ACCESS,
    DELIVERY,
    DOMAIN_NAME,
    DOMAIN_VERSION,
    FINDING,
    Domain,
    Fields,
)
from ledger.chain.bindings import MESSAGES

CONTRACT_VERSION = "1"  # of every contract's EIP-712 domain
# Signed and kept, never sent to a contract (contracts.md, section 8).
OFF_CHAIN: dict[str, Fields] = {"Finding": FINDING, "Delivery": DELIVERY}
_NEVER_SENT = {**OFF_CHAIN, "Access": ACCESS}


def fields_of(message_type: str) -> Fields:
    """Names and Solidity types of a message's fields, in the order that is hashed."""
    if message_type in _NEVER_SENT:
        return _NEVER_SENT[message_type]
    fields: Fields = MESSAGES[message_type]["fields"]
    return fields


def message_domain(
    message_type: str, *, chain_id: int, address_of: Callable[[str], bytes]
) -> Domain:
    """The EIP-712 domain of a message; `address_of` gives a contract's 20 bytes by its name."""
    if message_type in _NEVER_SENT:
        return Domain(DOMAIN_NAME, DOMAIN_VERSION, chain_id, address_of("Identifiers"))
    contract = MESSAGES[message_type]["contract"]
    return Domain(contract, CONTRACT_VERSION, chain_id, address_of(contract))
