"""What statements, confirmations and reopenings need not say."""

from ledger.emissions.filling import FOLLOWS
from ledger.identifiers.acting import owner_of
from ledger.outbox.filling import Filling

_ACCOUNT = Filling(
    "account", ("facility",), lambda reading, message: owner_of(reading, message["facility"])
)
FILLINGS: dict[str, tuple[Filling, ...]] = {
    "Statement": (FOLLOWS,),
    "Confirmation": (FOLLOWS, _ACCOUNT),
    "Reopening": (FOLLOWS,),
    "Finding": (),
}
