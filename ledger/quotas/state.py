"""What the events of Quotas make of supply, holdings and obligations (contracts.md, section 6)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from ledger.chain.bindings import BUCKETS
from ledger.quotas.model import holding_table, obligation_table, rule_table, supply_table
from ledger.quotas.nonce import use_nonce
from ledger.store.states import current, put

_BUCKET_COLUMNS = {number: f"{name.lower()}_tonnes" for name, number in BUCKETS.items()}


def apply_cap_set(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    values = {"cap_tonnes": event["tonnes"], "revision": event["revision"]}
    put(connection, supply_table, key={"asset": event["asset"]}, values=values, block=block)


def apply_rule_set(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    values = {
        "first_vintage": event["firstVintage"],
        "last_vintage": event["lastVintage"],
        "share_permyriad": event["sharePermyriad"],
        "is_strict": event["isStrict"],
        "surrender_by": event["surrenderBy"],
        "revision": event["revision"],
    }
    key = {"instrument": event["instrument"], "year": event["year"]}
    put(connection, rule_table, key=key, values=values, block=block)


def apply_quota_allocated(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    values = {"available_tonnes": event["availableAfter"], "revision": event["revision"]}
    put(connection, holding_table, key=_holding(event), values=values, block=block)
    issued = {"issued_tonnes": event["issuedAfter"]}
    put(connection, supply_table, key={"asset": event["asset"]}, values=issued, block=block)


def apply_quota_moved(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    giver = {"account": event["from"], "asset": event["asset"]}
    taker = {"account": event["to"], "asset": event["asset"]}
    given = {_BUCKET_COLUMNS[event["fromBucket"]]: event["fromAfter"]}
    taken = {_BUCKET_COLUMNS[event["toBucket"]]: event["toAfter"]}
    given |= _window_after(connection, giver, event["nonce"])
    put(connection, holding_table, key=giver, values=given, block=block)
    put(connection, holding_table, key=taker, values=taken, block=block)


def apply_quota_surrendered(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    _spend(connection, event, block=block, total="surrendered_tonnes")
    key = {"account": event["account"], "year": event["year"]}
    values = {
        "surrendered_tonnes": event["surrenderedAfter"],
        "offset_tonnes": event["offsetAfter"],
    }
    put(connection, obligation_table, key=key, values=values, block=block)


def apply_quota_cancelled(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    _spend(connection, event, block=block, total="cancelled_tonnes")


def apply_obligation_changed(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    key = {"account": event["account"], "year": event["year"]}
    values = {"due_tonnes": event["dueAfter"], "figures": event["figuresAfter"]}
    put(connection, obligation_table, key=key, values=values, block=block)


def _spend(connection: Connection, event: Mapping[str, Any], *, block: int, total: str) -> None:
    values = {"available_tonnes": event["availableAfter"], "spent_tonnes": event["spentAfter"]}
    values |= _window_after(connection, _holding(event), event["nonce"])
    put(connection, holding_table, key=_holding(event), values=values, block=block)
    asset = {"asset": event["asset"]}
    supply = current(connection, supply_table, asset)
    assert supply is not None, "quota spent of an asset without a cap"
    spent = {total: supply[total] + event["tonnes"]}
    put(connection, supply_table, key=asset, values=spent, block=block)


def _window_after(connection: Connection, holding: Mapping[str, Any], nonce: int) -> dict[str, int]:
    before = current(connection, holding_table, holding)
    assert before is not None, "quota moved out of a holding that never was"
    top, window = use_nonce(nonce, top=before["nonce"], window=before["window"])
    return {"nonce": top, "window": window}


def _holding(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"account": event["account"], "asset": event["asset"]}


PROJECTIONS = {
    "CapSet": apply_cap_set,
    "RuleSet": apply_rule_set,
    "QuotaAllocated": apply_quota_allocated,
    "QuotaMoved": apply_quota_moved,
    "QuotaSurrendered": apply_quota_surrendered,
    "QuotaCancelled": apply_quota_cancelled,
    "ObligationChanged": apply_obligation_changed,
}
