"""What the events of Quotas make of supply, holdings and obligations (contracts.md, section 6)."""

from collections.abc import Mapping
from typing import Any

from ledger.chain.bindings import BUCKETS
from ledger.quotas.model import holding_table, obligation_table, rule_table, supply_table
from ledger.quotas.nonce import use_nonce
from ledger.store.draft import Draft
from ledger.store.rows import Row
from ledger.store.states import current

_BUCKET_COLUMNS = {number: f"{name.lower()}_tonnes" for name, number in BUCKETS.items()}


def apply_cap_set(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    values = {"cap_tonnes": event["tonnes"], "revision": event["revision"]}
    draft.put(supply_table, key={"asset": event["asset"]}, values=values, block=block)


def apply_rule_set(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    values = {
        "first_vintage": event["firstVintage"],
        "last_vintage": event["lastVintage"],
        "share_permyriad": event["sharePermyriad"],
        "is_strict": event["isStrict"],
        "surrender_by": event["surrenderBy"],
        "revision": event["revision"],
    }
    key = {"instrument": event["instrument"], "year": event["year"]}
    draft.put(rule_table, key=key, values=values, block=block)


def apply_quota_allocated(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    values = {"available_tonnes": event["availableAfter"], "revision": event["revision"]}
    draft.put(holding_table, key=_holding(event), values=values, block=block)
    issued = {"issued_tonnes": event["issuedAfter"]}
    draft.put(supply_table, key={"asset": event["asset"]}, values=issued, block=block)


def apply_quota_moved(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    giver = {"account": event["from"], "asset": event["asset"]}
    taker = {"account": event["to"], "asset": event["asset"]}
    giving, taking = _held(draft, giver), current(draft, holding_table, taker)
    given = {_BUCKET_COLUMNS[event["fromBucket"]]: event["fromAfter"]}
    given |= _window_after(giving, event["nonce"])
    given["sent_tonnes"] = giving["sent_tonnes"] + event["tonnes"]
    taken = {_BUCKET_COLUMNS[event["toBucket"]]: event["toAfter"]}
    received = 0 if taking is None else taking["received_tonnes"]
    taken["received_tonnes"] = received + event["tonnes"]
    draft.put(holding_table, key=giver, values=given, block=block)
    draft.put(holding_table, key=taker, values=taken, block=block)


def apply_quota_surrendered(
    draft: Draft, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    _spend(draft, event, block=block, total="surrendered_tonnes")
    key = {"account": event["account"], "year": event["year"]}
    values = {
        "surrendered_tonnes": event["surrenderedAfter"],
        "offset_tonnes": event["offsetAfter"],
    }
    draft.put(obligation_table, key=key, values=values, block=block)


def apply_quota_cancelled(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    _spend(draft, event, block=block, total="cancelled_tonnes")


def apply_obligation_changed(
    draft: Draft, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    key = {"account": event["account"], "year": event["year"]}
    values = {"due_tonnes": event["dueAfter"], "figures": event["figuresAfter"]}
    draft.put(obligation_table, key=key, values=values, block=block)


def _spend(draft: Draft, event: Mapping[str, Any], *, block: int, total: str) -> None:
    values = {"available_tonnes": event["availableAfter"], "spent_tonnes": event["spentAfter"]}
    values |= _window_after(_held(draft, _holding(event)), event["nonce"])
    draft.put(holding_table, key=_holding(event), values=values, block=block)
    asset = {"asset": event["asset"]}
    supply = current(draft, supply_table, asset)
    assert supply is not None, "quota spent of an asset without a cap"
    spent = {total: supply[total] + event["tonnes"]}
    draft.put(supply_table, key=asset, values=spent, block=block)


def _held(draft: Draft, holding: Mapping[str, Any]) -> Row:
    before = current(draft, holding_table, holding)
    assert before is not None, "quota moved out of a holding that never was"
    return before


def _window_after(held: Row, nonce: int) -> dict[str, int]:
    top, window = use_nonce(nonce, top=held["nonce"], window=held["window"])
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
