"""What a message need not say because it follows from the rest, as the ledger stands now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection

from ledger.chain.bindings import MESSAGES
from ledger.contract_errors import NonceUsed
from ledger.outbox.queue import messages_under_way

Message: TypeAlias = Mapping[str, Any]
"""A message or a part of one, with the Solidity names."""

# What keeps an act from counting twice, and its value before the first (contracts.md, section 1).
GUARDS: dict[str, Any] = {"follows": bytes(32), "nonce": 0, "revision": 0}
_WITH_NONCE = [name for name, message in MESSAGES.items() if "nonce" in dict(message["fields"])]


@dataclass(frozen=True, slots=True)
class Filling:
    """One field and the fields it follows from; its value is None where it does not follow."""

    field: str
    needs: tuple[str, ...]
    value: Callable[[Connection, Message], Any]


def fill(reading: Connection, given: Message, fillings: tuple[Filling, ...]) -> dict[str, Any]:
    """The message with what follows from it put in; what was given is never changed."""
    message = dict(given)
    for filling in fillings:
        if filling.field in message or not message.keys() >= set(filling.needs):
            continue
        value = filling.value(reading, message)
        if value is not None:
            message[filling.field] = value
    return message


def nonces_under_way(reading: Connection, account: bytes, asset: int) -> list[int]:
    """The nonces of this holding that undecided submissions use, ascending."""
    moves = messages_under_way(reading, account, _WITH_NONCE)
    return sorted(message["nonce"] for message in moves if message["asset"] == asset)


def require_free_nonce(connection: Connection, account: bytes, message: Message) -> None:
    """Raises NonceUsed when an undecided submission of this holding uses the same."""
    asset, nonce = message["asset"], message["nonce"]
    if nonce in nonces_under_way(connection, account, asset):
        raise NonceUsed(account, asset, nonce)
