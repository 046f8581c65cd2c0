"""The guard that the next message needs: what it follows, its nonce, its revision.

The service tells them and a wrong one harms nobody: the contract refuses it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ledger.period import Period

Get = Callable[..., Any]
Items = Callable[..., Iterable[Mapping[str, Any]]]

_FIRST = 1
# What holds the revision of a setting: the list, and the fields that say which setting.
_REVISED_IN_LISTS = {
    "Assignment": ("/v1/assignments", ("verifier", "enterprise")),
    "Rule": ("/v1/surrender-rules", ("instrument", "year")),
}


def next_guard(
    get: Get, items: Items, message_type: str, message: Mapping[str, Any]
) -> dict[str, Any]:
    """The one field of the guard, none where the message has it or its type has none."""
    match message_type:
        case "Evidence" | "Report" | "Statement" | "Confirmation" | "Reopening":
            if "follows" in message:
                return {}
            return {"follows": _head(get, message["facility"], period=message["period"])}
        case "Transfer" | "Surrender" | "Cancellation":
            if "nonce" in message:
                return {}
            account = message["from" if message_type == "Transfer" else "account"]
            held = _holding(get, account, asset=message["asset"])
            return {"nonce": _FIRST if held is None else held["next_nonce"]}
    if "revision" in message or message_type not in _REVISED:
        return {}
    return {"revision": _last_revision(get, items, message_type, message) + 1}


_REVISED = _REVISED_IN_LISTS.keys() | {
    "RecordChange",
    "StandingChange",
    "Accreditation",
    "Cap",
    "Allocation",
}


def _head(get: Get, facility: str, *, period: str) -> str | None:
    """The last act on a figure, as its owner's year shows it."""
    owner = get(_path("identifiers", facility))["owner"]
    year = get(_path(f"compliance/{Period.from_text(period).year}", owner))
    shown = {one["facility"]: one["head"] for one in year["facilities"]}
    head: str | None = shown.get(facility)
    return head


def _holding(get: Get, account: str, *, asset: str) -> Mapping[str, Any] | None:
    holdings = get(_path("accounts", account))["holdings"]
    return next((one for one in holdings if one["asset"] == asset), None)


def _last_revision(get: Get, items: Items, message_type: str, message: Mapping[str, Any]) -> int:
    """The newest revision of a setting, 0 for one that was never made."""
    revision: int | None
    match message_type:
        case "RecordChange" | "StandingChange":
            subject = get(_path("identifiers", message["subject"]))
            is_record = message_type == "RecordChange"
            revision = subject["record_revision" if is_record else "revision"]
        case "Accreditation":
            accredited = get(_path("identifiers", message["verifier"]))["accreditation"]
            revision = None if accredited is None else accredited["revision"]
        case "Cap":
            found = (one for one in items("/v1/assets") if one["asset"] == message["asset"])
            revision = next((one["revision"] for one in found), None)
        case "Allocation":
            held = _holding(get, message["account"], asset=message["asset"])
            revision = None if held is None else held["revision"]
        case _:
            path, names = _REVISED_IN_LISTS[message_type]
            setting = {name: str(message[name]) for name in names}
            revision = max((one["revision"] for one in items(path, **setting)), default=None)
    return revision or 0


def _path(noun: str, identifier: str) -> str:
    return f"/v1/{noun}/{quote(identifier, safe='/')}"
