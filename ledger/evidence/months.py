"""A meter's month: readings taken in, their root computed, their salts kept sealed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, insert, select

from identity.identifier import parse_identifier
from identity.sealing import open_sealed, seal
from ledger.errors import FieldInvalid
from ledger.evidence.documents import Document, get_document, store_document
from ledger.evidence.merkle import MonthTree, month_tree
from ledger.evidence.model import reading_month_table
from ledger.evidence.readings import MonthOfReadings, parse_month
from ledger.period import Period
from ledger.rules.loader import PARK_RULES, load_rule_pack, require_carrier
from ledger.store.chain_log import was_kept
from ledger.store.rows import Row, every_row
from ledger.strict_json import parse_strict

_RECORD_FIELDS = {"facility", "source", "quantity", "unit", "step_seconds", "salt"}
_RECORD_BYTES_MAX = 16_384


@dataclass(frozen=True, slots=True)
class Meter:
    """A registered meter: its name, hash, and what its record says of it."""

    name: str
    hash: bytes
    facility: bytes
    carrier: str
    unit: str
    step_seconds: int


@dataclass(frozen=True, slots=True)
class ReadMonth:
    """One upload after it was read: what it says and the trees over it."""

    meter: Meter
    period: Period
    readings: MonthOfReadings
    tree: MonthTree
    seed: bytes


def parse_meter_record(content: bytes) -> dict[str, Any]:
    """The record of a meter: facility, source, quantity (carrier), unit, step_seconds, salt.

    Raises RequestMalformed, FieldInvalid, CarrierUnknown.
    """
    record = parse_strict(content, limit_bytes=_RECORD_BYTES_MAX)
    given = set(record) if isinstance(record, dict) else set()
    wrong = [{"pointer": f"/{name}", "rule": "missing"} for name in _RECORD_FIELDS - given]
    wrong += [{"pointer": f"/{name}", "rule": "unknown"} for name in given - _RECORD_FIELDS]
    if not wrong:
        texts = _RECORD_FIELDS - {"step_seconds"}
        wrong = [
            {"pointer": f"/{name}", "rule": "string"}
            for name in texts
            if not isinstance(record[name], str)
        ]
        if type(record["step_seconds"]) is not int or record["step_seconds"] <= 0:
            wrong.append({"pointer": "/step_seconds", "rule": "positive_integer"})
    if wrong:
        raise FieldInvalid(sorted(wrong, key=lambda entry: entry["pointer"]))
    require_carrier(load_rule_pack(PARK_RULES), record["quantity"], unit=record["unit"])
    return dict(record)


def read_month(content: bytes, *, meter: Meter, period: Period, seed: bytes) -> ReadMonth:
    """The month of an upload with its trees.

    Raises ReadingsMalformed.
    """
    readings = parse_month(content, period=period, step_seconds=meter.step_seconds)
    tree = month_tree(readings, meter=meter.name, unit=meter.unit, seed=seed)
    return ReadMonth(meter, period, readings, tree, seed)


def store_month(
    connection: Connection,
    month: ReadMonth,
    *,
    document: Document,
    sealing_key: bytes,
    now: int,
) -> bytes:
    """Keep the upload and its roots, durable before anybody anchors them; the digest."""
    digest = store_document(connection, document, now=now)
    table, meter = reading_month_table, month.meter
    same = (table.c.meter == meter.hash) & (table.c.period == month.period.number)
    newest = select(table.c.root).where(same).order_by(table.c.seq.desc()).limit(1)
    # An earlier upload may come again and counts anew: what came last is what counts.
    if connection.scalar(newest) != month.tree.root:
        kept = {"document": digest, "created_at": now}
        connection.execute(insert(table).values(**kept, **_row(month, sealing_key)))
    return digest


def months_of_upload(connection: Connection, document: bytes) -> list[Row]:
    """The months that an upload was taken for, the newest first."""
    table = reading_month_table
    query = select(table).where(table.c.document == document).order_by(table.c.seq.desc())
    return every_row(connection, query)


def seed_of(month: Row, *, sealing_key: bytes) -> bytes:
    """The salt seed of a kept month, 32 bytes."""
    return open_sealed(sealing_key, month["salt_seed"], context=month["meter"])


def _row(month: ReadMonth, sealing_key: bytes) -> dict[str, Any]:
    meter, readings = month.meter, month.readings
    return {
        "meter": meter.hash,
        "facility": meter.facility,
        "period": month.period.number,
        "carrier": meter.carrier,
        "unit": meter.unit,
        "quantity": format(readings.total, "f"),
        "leaves": month.tree.leaves,
        "step_seconds": meter.step_seconds,
        "first_at": stamp_time(readings.stamps[0]),
        "last_at": stamp_time(readings.stamps[-1]),
        "root": month.tree.root,
        "day_roots": b"".join(month.tree.day_roots),
        "salt_seed": seal(sealing_key, month.seed, context=meter.hash),
    }


def stamp_time(stamp: str) -> int:
    """Unix seconds of an RFC 3339 stamp."""
    return int(datetime.fromisoformat(stamp).timestamp())


def current_months(connection: Connection, *, facilities: list[bytes], year: int) -> list[Row]:
    """The newest upload of each meter and month of these facilities in a year."""
    table = reading_month_table
    span = table.c.period.between(year * 100 + 1, year * 100 + 12)
    newest = (
        select(func.max(table.c.seq))
        .where(table.c.facility.in_(facilities), span, was_kept(connection, table))
        .group_by(table.c.meter, table.c.period)
    )
    query = select(table).where(table.c.seq.in_(newest)).order_by(table.c.period, table.c.seq)
    return every_row(connection, query)


def quantities_by_month(rows: list[Row]) -> dict[int, dict[str, Decimal]]:
    """Quantities by carrier for each month (yyyymm)."""
    months: dict[int, dict[str, Decimal]] = {}
    for row in rows:
        carriers = months.setdefault(row["period"], {})
        carriers[row["carrier"]] = carriers.get(row["carrier"], Decimal(0)) + Decimal(
            row["quantity"]
        )
    return months


def meter_by_record(connection: Connection, *, name: str, record: bytes) -> Meter:
    """A registered meter by its record document; raises ResourceUnknown when it is not held."""
    parsed = parse_meter_record(get_document(connection, record)["content"])
    return Meter(
        name=name,
        hash=parse_identifier(name).hash,
        facility=parse_identifier(parsed["facility"], allow_prefix=False).hash,
        carrier=parsed["quantity"],
        unit=parsed["unit"],
        step_seconds=parsed["step_seconds"],
    )
