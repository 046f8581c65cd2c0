"""Mirror tables derived from the events of Quotas."""

from sqlalchemy import BigInteger, Boolean, Column, Integer

from ledger.store.columns import BYTES32
from ledger.store.states import state_table


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


supply_table = state_table(
    "supply",
    key=(Column("asset", BigInteger, autoincrement=False),),
    values=(
        _count("cap_tonnes"),
        _count("issued_tonnes"),
        _count("surrendered_tonnes"),
        _count("cancelled_tonnes"),
        _count("revision"),
    ),
)
rule_table = state_table(
    "surrender_rule",
    key=(
        Column("instrument", Integer, autoincrement=False),
        Column("year", Integer, autoincrement=False),
    ),
    values=(
        Column("first_vintage", Integer, nullable=False),
        Column("last_vintage", Integer, nullable=False),
        Column("share_permyriad", Integer, nullable=False),
        Column("is_strict", Boolean, nullable=False),
        Column("surrender_by", BigInteger, nullable=False),
        Column("revision", Integer, nullable=False),
    ),
)
holding_table = state_table(
    "holding",
    key=(Column("account", BYTES32), Column("asset", BigInteger, autoincrement=False)),
    values=(
        _count("available_tonnes"),
        _count("trading_tonnes"),
        _count("pending_tonnes"),
        _count("frozen_tonnes"),
        _count("spent_tonnes"),
        _count("received_tonnes"),  # all that ever came from other accounts
        _count("sent_tonnes"),  # and went to them
        _count("revision"),
        _count("nonce"),
        _count("window"),
    ),
)
obligation_table = state_table(
    "obligation",
    key=(Column("account", BYTES32), Column("year", Integer, autoincrement=False)),
    values=(
        _count("due_tonnes"),
        _count("surrendered_tonnes"),
        _count("offset_tonnes"),
        _count("figures"),
    ),
)
