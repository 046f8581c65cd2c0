"""The rules of Quotas as the mirror knows them (contracts.md, section 6)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from ledger import contract_errors as refused
from ledger.chain.bindings import BUCKETS
from ledger.emissions.service import require_figure
from ledger.identifiers.service import require_key, require_revision, require_standing
from ledger.outbox.act import SignedAct
from ledger.quotas.asset import instrument_of, vintage_of
from ledger.quotas.model import holding_table, obligation_table, rule_table, supply_table
from ledger.quotas.nonce import require_nonce
from ledger.store.states import current

_NO_HOLDING = {"available_tonnes": 0, "revision": 0, "nonce": 0, "window": 0}
_NO_SUPPLY = {"cap_tonnes": 0, "issued_tonnes": 0, "revision": 0}
_NO_OBLIGATION = {"due_tonnes": 0, "surrendered_tonnes": 0, "offset_tonnes": 0, "figures": 0}
_LARGEST_SHARE = 10_000
_INSTRUMENT_MAX = 127  # so that an asset fits a signed 64-bit column


def _holding(reading: Connection, account: bytes, asset: int) -> Mapping[str, Any]:
    return current(reading, holding_table, {"account": account, "asset": asset}) or _NO_HOLDING


def _supply(reading: Connection, asset: int) -> Mapping[str, Any]:
    return current(reading, supply_table, {"asset": asset}) or _NO_SUPPLY


def check_cap(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    require_key(reading, message["authority"], key=act.key, right="ISSUE", now=now)
    supply = _supply(reading, message["asset"])
    require_revision(current_revision=supply["revision"], given=message["revision"])
    _require_instrument(instrument_of(message["asset"]))
    require_figure(message["tonnes"])
    if message["tonnes"] < supply["issued_tonnes"]:
        raise refused.CapExceeded(message["asset"], message["tonnes"], supply["issued_tonnes"])


def check_rule(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    require_key(reading, message["authority"], key=act.key, right="ISSUE", now=now)
    key = {"instrument": message["instrument"], "year": message["year"]}
    row = current(reading, rule_table, key)
    require_revision(current_revision=row["revision"] if row else 0, given=message["revision"])
    _require_instrument(message["instrument"])
    if message["lastVintage"] < message["firstVintage"]:
        raise refused.IntervalBad(message["firstVintage"], message["lastVintage"])


def _require_instrument(instrument: int) -> None:
    if instrument > _INSTRUMENT_MAX:
        raise refused.FigureTooLarge(instrument)


def check_allocation(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    account, asset, tonnes = message["account"], message["asset"], message["tonnes"]
    require_key(reading, message["authority"], key=act.key, right="ISSUE", now=now)
    require_standing(reading, account, "HOLDS")
    holding = _holding(reading, account, asset)
    require_revision(current_revision=holding["revision"], given=message["revision"])
    if tonnes == 0:
        raise refused.QuotaZero
    supply = _supply(reading, asset)
    wanted = supply["issued_tonnes"] + tonnes
    if tonnes > 0 and wanted > supply["cap_tonnes"]:
        raise refused.CapExceeded(asset, supply["cap_tonnes"], wanted)
    if tonnes < 0:
        _require_available(holding, account=account, asset=asset, tonnes=-tonnes)


def check_transfer(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    sender, asset = message["from"], message["asset"]
    require_standing(reading, sender, "ACTIVE", "SENDS")
    require_standing(reading, message["to"], "HOLDS")
    require_key(reading, sender, key=act.key, right="MOVE", now=now)
    holding = _holding(reading, sender, asset)
    _require_nonce(holding, message, account=sender)
    if sender == message["to"]:
        raise refused.AccountsEqual(sender)
    _require_available(holding, account=sender, asset=asset, tonnes=message["tonnes"])


def check_surrender(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    account, asset = message["account"], message["asset"]
    require_key(reading, account, key=act.key, right="MOVE", now=now)
    holding = _holding(reading, account, asset)
    _require_nonce(holding, message, account=account)
    _require_rule(reading, message)
    _require_available(holding, account=account, asset=asset, tonnes=message["tonnes"])


def _require_rule(reading: Connection, message: Mapping[str, Any]) -> None:
    account, asset, year = message["account"], message["asset"], message["year"]
    key = {"instrument": instrument_of(asset), "year": year}
    rule = current(reading, rule_table, key)
    if rule is None or not rule["first_vintage"] <= vintage_of(asset) <= rule["last_vintage"]:
        raise refused.VintageNotValid(asset, year)
    obligation = current(reading, obligation_table, {"account": account, "year": year})
    owed = obligation or _NO_OBLIGATION
    surrendered = owed["surrendered_tonnes"] + message["tonnes"]
    if rule["is_strict"] and (owed["figures"] == 0 or surrendered > owed["due_tonnes"]):
        raise refused.ObligationExceeded(account, year, owed["due_tonnes"], surrendered)
    offset = owed["offset_tonnes"] + message["tonnes"]
    limit = owed["due_tonnes"] * rule["share_permyriad"] // _LARGEST_SHARE
    if rule["share_permyriad"] < _LARGEST_SHARE and offset > limit:
        raise refused.OffsetExceeded(account, year, limit, offset)


def check_cancellation(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    account, asset = message["account"], message["asset"]
    require_key(reading, account, key=act.key, right="MOVE", now=now)
    holding = _holding(reading, account, asset)
    _require_nonce(holding, message, account=account)
    _require_available(holding, account=account, asset=asset, tonnes=message["tonnes"])


def _require_nonce(
    holding: Mapping[str, Any], message: Mapping[str, Any], *, account: bytes
) -> None:
    require_nonce(
        message["nonce"],
        top=holding["nonce"],
        window=holding["window"],
        account=account,
        asset=message["asset"],
    )


def _require_available(
    holding: Mapping[str, Any], *, account: bytes, asset: int, tonnes: int
) -> None:
    if tonnes == 0:
        raise refused.QuotaZero
    have = holding["available_tonnes"]
    if have < tonnes:
        raise refused.QuotaInsufficient(account, asset, BUCKETS["AVAILABLE"], have, tonnes)


CHECKS = {
    "Cap": check_cap,
    "Rule": check_rule,
    "Allocation": check_allocation,
    "Transfer": check_transfer,
    "Surrender": check_surrender,
    "Cancellation": check_cancellation,
}
