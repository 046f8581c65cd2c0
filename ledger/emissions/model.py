"""Mirror tables derived from the events of Emissions."""

from sqlalchemy import BigInteger, Column, Integer

from ledger.store.columns import BYTES32
from ledger.store.states import state_table

head_table = state_table(
    "head",
    key=(Column("facility", BYTES32), Column("period", BigInteger, autoincrement=False)),
    values=(
        Column("id", BYTES32, nullable=False),
        Column("stage", Integer, nullable=False),
        Column("report", BYTES32),  # the newest report of the figure
        Column("statement", BYTES32),  # the newest statement on that report
        Column("confirmation", BYTES32),  # while it stands
    ),
)
