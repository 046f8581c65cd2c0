"""What acts on a figure need not say: the act they follow, and a delivery's salt."""

import secrets

from sqlalchemy import Connection

from ledger.emissions.model import head_table
from ledger.outbox.filling import Filling, Message
from ledger.store.states import current


def _head(reading: Connection, message: Message) -> bytes:
    figure = {"facility": message["facility"], "period": message["period"]}
    row = current(reading, head_table, figure)
    return bytes(32) if row is None else row["id"]


FOLLOWS = Filling("follows", ("facility", "period"), _head)
FILLINGS: dict[str, tuple[Filling, ...]] = {
    "Evidence": (FOLLOWS,),
    "Report": (FOLLOWS,),
    "Delivery": (Filling("salt", (), lambda _reading, _message: secrets.token_bytes(32)),),
}
