"""Accounts, their movements, and assets: what is held, moved, issued and spent."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from api.fields import hashes_in, row_to_wire
from api.freshness import freshness_fields
from api.lists import Item, Listing, list_response
from api.paging import query_parameters, reading_of
from api.requests import reader_of
from api.singles import single_response
from identity.identifier import parse_identifier
from ledger.access.viewer import Viewer
from ledger.assembly import Reading
from ledger.errors import ResourceUnknown
from ledger.identifiers.queries import names_of
from ledger.outbox.recorded import Page
from ledger.quotas.asset import vintage_of
from ledger.quotas.filling import told_nonce
from ledger.quotas.movements import MOVEMENT_COLUMNS, movements_of
from ledger.quotas.queries import BUCKETS, flows_of, holdings_of, supply_page
from ledger.quotas.sight import account_page, account_seen, granted_vintages

router = APIRouter(prefix="/v1", tags=["quotas"])
_ACCOUNT_COLUMNS = ("account", "view", "holdings")
_SUPPLY_COLUMNS = (
    "asset",
    "cap_tonnes",
    "issued_tonnes",
    "surrendered_tonnes",
    "cancelled_tonnes",
    "revision",
)


@router.get(
    "/accounts",
    summary="The accounts that the caller sees, with their holdings",
    openapi_extra=query_parameters(),
)
def list_accounts(request: Request) -> Response:
    viewer = reader_of(request)

    def fetch(reading: Reading, page: Page) -> list[Item]:
        rows = account_page(reading, viewer, page)
        return [(row["seq"], _account_body(reading, viewer, row)) for row in rows]

    return list_response(request, Listing(fetch, _ACCOUNT_COLUMNS))


@router.get(
    "/accounts/{prefix}/{suffix}",
    summary="Holdings by asset and bucket, and what moved",
    openapi_extra=query_parameters("as_of", is_list=False),
)
def get_account(request: Request, prefix: str, suffix: str) -> Response:
    account = parse_identifier(f"{prefix}/{suffix}").hash
    viewer = reader_of(request)
    with reading_of(request) as reading:
        row = _seen(reading, viewer, account, name=f"{prefix}/{suffix}")
        body = _account_body(reading, viewer, row)
        return single_response(request, body, freshness_fields(reading))


@router.get(
    "/accounts/{prefix}/{suffix}/movements",
    summary="Every debit and credit of an account with its cause",
    openapi_extra=query_parameters("asset"),
)
def list_movements(request: Request, prefix: str, suffix: str) -> Response:
    account = parse_identifier(f"{prefix}/{suffix}").hash
    viewer = reader_of(request)

    def fetch(reading: Reading, page: Page) -> list[Item]:
        row = _seen(reading, viewer, account, name=f"{prefix}/{suffix}")
        vintages = _vintages(reading, viewer, row)
        moves = movements_of(reading, account, page, vintages=vintages)
        names = names_of(reading, hashes_in(moves))
        return [(move.pop("seq"), row_to_wire(move, names)) for move in moves]

    return list_response(request, Listing(fetch, MOVEMENT_COLUMNS, ["asset"]))


def _seen(reading: Reading, viewer: Viewer, account: bytes, *, name: str) -> dict[str, Any]:
    """The account as it is seen; raises ResourceUnknown, whether it is hidden or is not there."""
    try:
        view = account_seen(reading, viewer, account)
    except ResourceUnknown:
        raise ResourceUnknown(f"accounts/{name}") from None
    return {"hash": account, "name": names_of(reading, {account})[account], "view": view}


def _account_body(reading: Reading, viewer: Viewer, row: Mapping[str, Any]) -> dict[str, Any]:
    account, vintages = row["hash"], _vintages(reading, viewer, row)
    is_owner = row["view"] == "owner"
    holdings = [
        _holding_body(holding, nonce=told_nonce(reading, holding, is_owner=is_owner))
        | flows_of(reading, holding)
        for holding in holdings_of(reading, account)
        if vintages is None or vintage_of(holding["asset"]) in vintages
    ]
    return {"account": row["name"], "view": row["view"], "holdings": holdings}


def _vintages(reading: Reading, viewer: Viewer, row: Mapping[str, Any]) -> set[int] | None:
    """Who was granted sight sees the vintages that were granted; None: all."""
    if row["view"] != "granted":
        return None
    return granted_vintages(reading, viewer, row["hash"])


def _holding_body(row: Mapping[str, Any], *, nonce: int) -> dict[str, Any]:
    shown = {
        "asset": row["asset"],
        **{bucket: row[f"{bucket}_tonnes"] for bucket in BUCKETS},
        "revision": row["revision"],
        "next_nonce": nonce,
    }
    return row_to_wire(shown, {})


@router.get(
    "/assets",
    summary="Caps, issued, surrendered and cancelled tonnes of every asset",
    openapi_extra=query_parameters(),
)
def list_assets(request: Request) -> Response:
    def fetch(reading: Reading, page: Page) -> list[Item]:
        return [(row["asset"], _supply_body(row)) for row in supply_page(reading, page)]

    return list_response(request, Listing(fetch, _SUPPLY_COLUMNS))


def _supply_body(row: Mapping[str, Any]) -> dict[str, Any]:
    return row_to_wire({name: row[name] for name in _SUPPLY_COLUMNS}, {})
