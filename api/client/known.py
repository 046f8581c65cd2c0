"""What a client must know of a service to sign for it and to check its promises."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from api.client.refusals import AnswerWrong
from api.fields import hex_text, parse_hex
from identity.identifier import parse_identifier
from identity.typed_data import DOMAIN_NAME, DOMAIN_VERSION, Domain
from ledger.chain.bindings import CONTRACTS
from ledger.errors import Refusal
from ledger.messages import message_domain


@dataclass(frozen=True, slots=True)
class Known:
    """A ledger's manifest as it was at first contact; what comes later is held against it.

    Contracts by name and the service's key are addresses of 20 bytes; `service` is its identifier.
    """

    chain_id: int
    contracts: Mapping[str, bytes]
    service: str
    service_key: bytes

    @classmethod
    def from_manifest(cls, told: Any) -> Self:
        """What `/.well-known/carbonledger` says; raises AnswerWrong (manifest)."""
        try:
            chain_id = told["chain_id"]
            addresses = {name: told["contracts"][name]["address"] for name in CONTRACTS}
            contracts = {name: _address(text) for name, text in addresses.items()}
            service = parse_identifier(told["service"]).name
            key = _address(told["service_key"])
        except (KeyError, TypeError, AttributeError, Refusal):
            raise AnswerWrong("manifest") from None
        if type(chain_id) is not int:
            raise AnswerWrong("manifest")
        return cls(chain_id, contracts, service, key)

    def domain(self, message_type: str) -> Domain:
        """The EIP-712 domain that a message is signed for."""
        return message_domain(
            message_type, chain_id=self.chain_id, address_of=self.contracts.__getitem__
        )

    @property
    def own_domain(self) -> Domain:
        """The domain of what the service itself signs: acknowledgements."""
        identifiers = self.contracts["Identifiers"]
        return Domain(DOMAIN_NAME, DOMAIN_VERSION, self.chain_id, identifiers)

    def __str__(self) -> str:
        return f"{self.service} ({hex_text(self.service_key)}) of chain {self.chain_id}"


def _address(text: Any) -> bytes:
    return parse_hex(text, size=20, pointer="/address")
