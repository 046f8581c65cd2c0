"""Accounts, assets and surrender rules: what is held, issued and due."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from api.fields import row_to_wire
from api.requests import ledger_of
from api.submissions import freshness_fields
from identity.identifier import parse_identifier
from ledger.identifiers.queries import subject_by_hash
from ledger.quotas.nonce import next_nonce
from ledger.quotas.queries import BUCKETS, flows_of, holdings_of, supplies

router = APIRouter(prefix="/v1", tags=["quotas"])


@router.get("/accounts/{prefix}/{suffix}", summary="Holdings by asset and bucket, and what moved")
def get_account(request: Request, prefix: str, suffix: str) -> dict[str, Any]:
    account = parse_identifier(f"{prefix}/{suffix}").hash
    with ledger_of(request).reading() as reading:
        subject = subject_by_hash(reading, account)
        holdings = [
            _holding_body(row) | flows_of(reading, account, row["asset"])
            for row in holdings_of(reading, account)
        ]
        body = {"account": subject["name"], "holdings": holdings}
        return body | freshness_fields(reading)


def _holding_body(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "asset": row["asset"],
        **{bucket: row[f"{bucket}_tonnes"] for bucket in BUCKETS},
        "revision": row["revision"],
        "next_nonce": next_nonce(top=row["nonce"], window=row["window"]),
    }
    return row_to_wire(shown, {})


@router.get("/assets", summary="Caps, issued, surrendered and cancelled tonnes of every asset")
def list_assets(request: Request) -> dict[str, Any]:
    with ledger_of(request).reading() as reading:
        items = [_supply_body(row) for row in supplies(reading)]
        return {"items": items, "next": None} | freshness_fields(reading)


def _supply_body(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "asset": row["asset"],
        "cap_tonnes": row["cap_tonnes"],
        "issued_tonnes": row["issued_tonnes"],
        "surrendered_tonnes": row["surrendered_tonnes"],
        "cancelled_tonnes": row["cancelled_tonnes"],
        "revision": row["revision"],
    }
    return row_to_wire(shown, {})
