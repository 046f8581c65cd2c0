"""What acts on quota need not say: the next nonce of a holding, the next revision of a setting."""

from sqlalchemy import Connection

from ledger.identifiers.filling import next_revision
from ledger.outbox.filling import Filling, Message, nonces_under_way
from ledger.quotas.model import holding_table, rule_table, supply_table
from ledger.quotas.nonce import next_free_nonce
from ledger.store.moment import shown_block
from ledger.store.rows import Row
from ledger.store.states import current


def told_nonce(reading: Connection, holding: Row, *, is_owner: bool) -> int:
    """The next nonce of a holding, at the moment that this reading shows.

    What is on its way is counted for the owner alone, whose secret it is.
    """
    under_way = []
    if is_owner and shown_block(reading) is None:
        under_way = nonces_under_way(reading, holding["account"], holding["asset"])
    return next_free_nonce(under_way, top=holding["nonce"], window=holding["window"])


def _nonce(reading: Connection, account: bytes, asset: int) -> int:
    row = current(reading, holding_table, {"account": account, "asset": asset})
    top, window = (0, 0) if row is None else (row["nonce"], row["window"])
    return next_free_nonce(nonces_under_way(reading, account, asset), top=top, window=window)


def _senders_nonce(reading: Connection, message: Message) -> int:
    return _nonce(reading, message["from"], message["asset"])


def _accounts_nonce(reading: Connection, message: Message) -> int:
    return _nonce(reading, message["account"], message["asset"])


def _cap_revision(reading: Connection, message: Message) -> int:
    return next_revision(reading, supply_table, {"asset": message["asset"]})


def _rule_revision(reading: Connection, message: Message) -> int:
    key = {"instrument": message["instrument"], "year": message["year"]}
    return next_revision(reading, rule_table, key)


def _holding_revision(reading: Connection, message: Message) -> int:
    key = {"account": message["account"], "asset": message["asset"]}
    return next_revision(reading, holding_table, key)


_OWN_NONCE = (Filling("nonce", ("account", "asset"), _accounts_nonce),)
FILLINGS: dict[str, tuple[Filling, ...]] = {
    "Cap": (Filling("revision", ("asset",), _cap_revision),),
    "Rule": (Filling("revision", ("instrument", "year"), _rule_revision),),
    "Allocation": (Filling("revision", ("account", "asset"), _holding_revision),),
    "Transfer": (Filling("nonce", ("from", "asset"), _senders_nonce),),
    "Surrender": _OWN_NONCE,
    "Cancellation": _OWN_NONCE,
}
