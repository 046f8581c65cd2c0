"""Kept table: deliveries of energy inside the park, signed by supplier and consumer.

A delivery is not carried to the chain; its digest is a leaf of both enterprises' month.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Select,
    Table,
    Text,
    case,
    insert,
    or_,
    select,
)

from identity.signature import recover_address
from ledger.access.viewer import Viewer
from ledger.emissions.service import require_figure
from ledger.emissions.sight import view_of
from ledger.errors import FieldInvalid, ResourceUnknown
from ledger.identifiers.service import require_key
from ledger.outbox.acceptance import KeptRules
from ledger.outbox.act import SignedAct
from ledger.outbox.recorded import Page
from ledger.period import Period
from ledger.rules.loader import PARK_RULES, load_rule_pack, require_carrier
from ledger.store.chain_log import was_kept
from ledger.store.columns import BYTES32, ROW_NUMBER, SIGNATURE
from ledger.store.metadata import KEPT
from ledger.store.rows import Row, every_row, first_row

delivery_table = Table(
    "delivery",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("id", BYTES32, nullable=False, unique=True),
    Column("supplier", BYTES32, nullable=False),
    Column("consumer", BYTES32, nullable=False),
    Column("month", Integer, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("megajoules", BigInteger, nullable=False),
    Column("salt", BYTES32, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("signature", SIGNATURE, nullable=False),
    Column("countersignature", SIGNATURE, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "month", "seq"),
    Index(None, "supplier", "seq"),
    Index(None, "consumer", "seq"),
)


def delivery_rules(countersignature: bytes) -> KeptRules:
    """The rules of a delivery that the consumer countersigned."""

    def check(reading: Connection, act: SignedAct, now: int) -> None:
        check_supplied(reading, act, now)
        consumer_key = recover_address(act.digest, countersignature)
        consumer = act.message["consumer"]
        require_key(reading, consumer, key=consumer_key, right="REPORT", now=now)

    def store(connection: Connection, act: SignedAct, now: int) -> None:
        table = delivery_table
        if connection.execute(select(table.c.seq).where(table.c.id == act.id)).first():
            return  # the same one again changes nothing
        signed = {"signature": act.signature, "countersignature": countersignature}
        row = {"id": act.id, "created_at": now} | signed
        connection.execute(insert(table).values(**row, **act.message))

    return KeptRules(check, store)


def check_supplied(reading: Connection, act: SignedAct, now: int) -> None:
    """What is refused before the consumer signs."""
    message = act.message
    if Period(message["month"]).is_year:
        raise FieldInvalid([{"pointer": "/message/month", "rule": "month"}])
    # Delivered energy is counted in MJ, so only what the rules count in GJ can be delivered.
    require_carrier(load_rule_pack(PARK_RULES), message["carrier"], unit="GJ")
    require_figure(message["megajoules"])
    require_key(reading, message["supplier"], key=act.key, right="REPORT", now=now)


DELIVERY_COLUMNS = [column.name for column in delivery_table.c if column.name != "seq"]


def delivery_by_id(reading: Connection, viewer: Viewer, delivery_id: bytes) -> Row:
    """One delivery with both signatures; raises ResourceUnknown, also for what is not seen."""
    query = _seen(reading, viewer).where(delivery_table.c.id == delivery_id)
    row = first_row(reading, query)
    if row is None:
        raise ResourceUnknown(f"deliveries/0x{delivery_id.hex()}")
    return row


def delivery_page(reading: Connection, viewer: Viewer, page: Page) -> list[Row]:
    """A page of the deliveries that are seen; filters supplier, consumer, month."""
    query = _seen(reading, viewer)
    for name, value in page.filters.items():
        query = query.where(delivery_table.c[name] == value)
    return every_row(reading, page.ordered(query, delivery_table.c.seq))


def _seen(reading: Connection, viewer: Viewer) -> Select[Any]:
    """Both sides see a delivery, and of either the verifier in a case and the regulator."""
    table = delivery_table
    year = table.c.month // 100
    views = [
        view_of(reading, viewer, enterprise=side, year=year)
        for side in (table.c.supplier, table.c.consumer)
    ]
    full = [one.in_(["owner", "case", "regulator"]) for one in views]
    view = case(*zip(full, views, strict=True), else_="public")
    return select(table, view.label("view")).where(or_(*full), was_kept(reading, table))


def delivered_megajoules(
    connection: Connection, *, participants: list[bytes], year: int
) -> dict[int, dict[str, int]]:
    """Megajoules by month (yyyymm) and carrier between these participants in a year."""
    table = delivery_table
    query = select(table.c.month, table.c.carrier, table.c.megajoules).where(
        table.c.month.between(year * 100 + 1, year * 100 + 12),
        table.c.supplier.in_(participants),
        table.c.consumer.in_(participants),
        was_kept(connection, table),
    )
    months: dict[int, dict[str, int]] = {}
    for month, carrier, megajoules in connection.execute(query):
        carriers = months.setdefault(month, {})
        carriers[carrier] = carriers.get(carrier, 0) + megajoules
    return months
