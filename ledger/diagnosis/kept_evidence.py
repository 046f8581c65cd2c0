"""Checks of evidence: documents by their digests, months by their trees, acts by their roots."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, LargeBinary, cast, select

from identity.errors import SealBroken
from identity.sealing import open_sealed
from ledger.contract_errors import PeriodBad
from ledger.diagnosis.finding import Finding, bad, named, ok, unknown
from ledger.diagnosis.history import Case
from ledger.diagnosis.place import opened_keys
from ledger.evidence.documents import find_document
from ledger.evidence.merkle import leaf_hash, month_tree, root
from ledger.evidence.model import document_table, reading_month_table
from ledger.evidence.readings import ReadingsMalformed, parse_month
from ledger.identifiers.queries import names_of
from ledger.period import Period
from ledger.proofs import ProofUnavailable, committed
from ledger.store.facts import FACTS
from ledger.store.rows import Row, every_row

_HASH_BYTES = 32


def check_documents(case: Case) -> Finding:
    """Has every document the digest it is kept by?"""
    table = document_table
    # As bytes, whatever somebody may have written there.
    content_bytes = cast(table.c.content, LargeBinary)
    query = select(table.c.digest, content_bytes).execution_options(stream_results=True)
    count, broken = 0, []
    with case.store.reading() as reading:
        for digest, content in reading.execute(query):
            count += 1
            if hashlib.sha256(content).digest() != digest:
                broken.append(f"0x{digest.hex()}")
    if broken:
        return bad("documents", "changed", **named(broken))
    return ok("documents", "whole", count=count)


def check_readings(case: Case) -> Finding:
    """Do the roots of every month come out again?

    With the service's keys all of them are recomputed from the readings; without, a month's root
    from the roots of its days.
    """
    keys = opened_keys(case.question)
    sealing_key = None if keys is None else keys.sealing
    with case.store.reading() as reading:
        rows = every_row(reading, select(reading_month_table))
        names = names_of(reading, {row["meter"] for row in rows})
        broken = list(_broken(reading, rows, names, sealing_key))
    if broken:
        return bad("readings", "changed", **named(broken))
    return ok("readings", "roots" if keys is None else "recomputed", count=len(rows))


def _broken(
    reading: Connection, rows: list[Row], names: dict[bytes, str], sealing_key: bytes | None
) -> Iterator[str]:
    for row in rows:
        name = names.get(row["meter"], f"0x{row['meter'].hex()}")
        is_whole = _has_root(row) and (
            sealing_key is None or _comes_out(reading, row, name, sealing_key)
        )
        if not is_whole or find_document(reading, row["document"]) is None:
            year, month = divmod(row["period"], 100)
            yield f"{name} {year}-{month:02}"


def _has_root(row: Row) -> bool:
    days = row["day_roots"]
    leaves = [days[start : start + _HASH_BYTES] for start in range(0, len(days), _HASH_BYTES)]
    if not leaves or len(leaves[-1]) != _HASH_BYTES:
        return False
    return bool(root([leaf_hash(day) for day in leaves]) == row["root"])


def _comes_out(reading: Connection, row: Row, name: str, sealing_key: bytes) -> bool:
    """Whether readings and salts give the kept roots, count and quantity again."""
    document = find_document(reading, row["document"])
    if document is None:
        return False
    try:
        period, step = Period(row["period"]), row["step_seconds"]
        month = parse_month(document["content"], period=period, step_seconds=step)
        seed = open_sealed(sealing_key, row["salt_seed"], context=row["meter"])
    except (PeriodBad, ReadingsMalformed, SealBroken):
        return False
    tree = month_tree(month, meter=name, unit=row["unit"], seed=seed)
    computed = (tree.root, b"".join(tree.day_roots), tree.leaves, format(month.total, "f"))
    return computed == (row["root"], row["day_roots"], row["leaves"], row["quantity"])


@dataclass(frozen=True, slots=True)
class _Anchors:
    """Evidence acts by what became of recomputing their root."""

    whole: list[str]
    broken: list[str]
    absent: list[str]


def check_evidence(case: Case) -> Finding:
    """Do the readings that are held give the roots that enterprises anchored?"""
    with case.store.reading() as reading:
        anchors = _sorted(reading)
    if anchors.broken:
        return bad("evidence", "changed", **named(anchors.broken))
    if anchors.absent:
        return unknown("evidence", "not_held", **named(anchors.absent))
    return ok("evidence", "whole", count=len(anchors.whole))


def _sorted(reading: Connection) -> _Anchors:
    anchors = _Anchors([], [], [])
    for row in every_row(reading, select(FACTS["EvidenceAnchored"])):
        act_id = f"0x{row['id'].hex()}"
        try:
            committed(reading, row)
            anchors.whole.append(act_id)
        except ProofUnavailable:
            is_held = _has_readings(reading, row)
            (anchors.broken if is_held else anchors.absent).append(act_id)
    return anchors


def _has_readings(reading: Connection, row: Row) -> bool:
    table = reading_month_table
    mine = (table.c.facility == row["facility"]) & (table.c.period == row["month"])
    return reading.scalar(select(table.c.seq).where(mine).limit(1)) is not None
