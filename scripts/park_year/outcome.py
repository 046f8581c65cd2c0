"""The demo's one JSON object, and whether everything it shows fits together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.park_year.cast import ENTERPRISES, PARK
from scripts.park_year.everybody import Everybody
from scripts.park_year.play import Played
from scripts.park_year.tampering import Tampering

_HELD = ("available", "trading", "pending", "frozen")
_STATUSES = ("compliant", "short", "late_compliant")
_CALLS_MAX = 100  # of one JSON-RPC batch
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """The object to print, and the names of what does not hold (none when all is well)."""

    document: dict[str, Any]
    broken: tuple[str, ...]


def outcome_of(played: Played, tampering: Tampering, *, seconds: int) -> Outcome:
    """Everything as the service tells it after the mirror was rebuilt."""
    client = played.story.client
    document: dict[str, Any] = {
        "enterprises": [
            _enterprise_row(year, account)
            for year, account in zip(played.compliance, played.accounts, strict=True)
        ],
        "park": {"identifier": PARK}
        | {
            name: played.park[name]
            for name in (
                "gross_tonnes",
                "internal_tonnes",
                "net_tonnes",
                "peak_month",
                "warning_month",
            )
        },
        "readings": played.story.readings.count,
        "evidence_anchors": _count(client, "evidence"),
        "reports": _count(client, "reports"),
        "statements": _count(client, "statements"),
        **_chain_counts(client),
        "tamper_found": tampering.is_found,
        "mirror_equals_chain": tampering.is_healed,
        "head": client.get("/.well-known/carbonledger")["head"],
        "seconds": seconds,
    }
    checks = _checks(played, document)
    return Outcome(document, tuple(name for name, holds in checks.items() if not holds))


def _enterprise_row(year: Mapping[str, Any], account: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "identifier": year["enterprise"],
        "verified_tonnes": sum(one["confirmed_tonnes"] for one in year["facilities"]),
        "allocated": account["allocated"],
        "received": account["received"],
        "sent": account["sent"],
        "surrendered": account["surrendered"],
        "balance": sum(account[bucket] for bucket in _HELD),
        "status": year["status"],
    }


def _count(client: Everybody, noun: str) -> int:
    return sum(1 for _ in client.carrier.items(f"/v1/{noun}"))


def _chain_counts(client: Everybody) -> dict[str, int]:
    """Blocks after the genesis and the transactions in them."""
    head = int(client.rpc("eth_blockNumber", [])[0], 16)
    numbers = [[hex(number), False] for number in range(1, head + 1)]
    transactions = 0
    for start in range(0, head, _CALLS_MAX):
        blocks = client.rpc("eth_getBlockByNumber", *numbers[start : start + _CALLS_MAX])
        transactions += sum(len(block["transactions"]) for block in blocks)
    return {"blocks": head, "transactions": transactions}


def _checks(played: Played, document: dict[str, Any]) -> dict[str, bool]:
    """What must hold, each by its name in the texts."""
    rows, park = document["enterprises"], document["park"]
    return {
        "holds.balances": all(_is_balanced(row) for row in rows),
        "holds.statuses": all(row["status"] in _STATUSES for row in rows),
        "holds.gross": park["gross_tonnes"] == sum(row["verified_tonnes"] for row in rows),
        "holds.net": park["net_tonnes"] == park["gross_tonnes"] - park["internal_tonnes"],
        "holds.scope_2": _is_netted_once(played),
        "holds.anchors": document["evidence_anchors"] == _MONTHS * len(ENTERPRISES),
        "holds.versions": _are_versions_kept(played),
        "holds.tamper_found": document["tamper_found"],
        "holds.mirror": document["mirror_equals_chain"],
    }


def _is_balanced(row: Mapping[str, Any]) -> bool:
    came: int = row["allocated"] + row["received"]
    went: int = row["sent"] + row["surrendered"] + row["balance"]
    return came == went


def _is_netted_once(played: Played) -> bool:
    """Σ enterprise scope 2 of the standing reports − internal deliveries = park scope 2."""
    client = played.story.client
    standing = [
        client.get(f"/v1/reports/{figure['report']}")
        for year in played.compliance
        for figure in year["facilities"]
    ]
    enterprises = sum(report["indirect_grams"] for report in standing)
    park = played.park
    netted = enterprises - park["internal_grams"]
    shown = (park["enterprise_scope_2_grams"], park["park_scope_2_grams"])
    return shown == (enterprises, netted)


def _are_versions_kept(played: Played) -> bool:
    """The wrong report can be read beside the corrected one, and only that one is confirmed."""
    client, finding = played.story.client, played.finding
    first = client.get(f"/v1/reports/{finding.first.report}")
    second = client.get(f"/v1/reports/{finding.corrected.id}")
    return (first["state"], second["state"]) == ("superseded", "confirmed")
