"""Which fields each view of a recorded act has: the table of api.md, section 4, as data.

A view that is not named sees all fields. Whether a row is seen at all, the ledger's sights say.
"""

from collections.abc import Mapping
from typing import Any

# What every view tells: that it is there, since when, in which state.
_EXISTENCE = frozenset(
    {
        "type",
        "view",
        "id",
        "block",
        "finality",
        "enterprise",
        "facility",
        "period",
        "month",
        "state",
        "version",
    }
)
_REPORTED = _EXISTENCE | {"direct_grams", "indirect_grams", "statement", "confirmation"}
_STATED = _EXISTENCE | {"verifier", "opinion", "verified_grams"}
_CONFIRMED = _EXISTENCE | {"authority", "account", "tonnes"}
_ASSIGNED = _EXISTENCE | {"verifier"}

FIELDS: dict[str, dict[str, frozenset[str]]] = {
    "Evidence": {"park": _EXISTENCE | {"is_late"}},
    "Report": {"public": _REPORTED, "park": _REPORTED},
    "Statement": {"public": _STATED, "park": _STATED},
    "Confirmation": {"public": _CONFIRMED, "park": _CONFIRMED},
    "Reopening": {"park": _EXISTENCE},
    "Assignment": {"park": _ASSIGNED},
}
# What the contract tells beside the message: a holder's balance is nobody else's.
_HIDDEN: dict[tuple[str, str], frozenset[str]] = {
    ("Allocation", "public"): frozenset({"available_after"}),
    ("Transfer", "sender"): frozenset({"to_after"}),
    ("Transfer", "receiver"): frozenset({"from_after"}),
}
_TOLD_AS = {"sender": "owner", "receiver": "owner"}


def seen_fields(message_type: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the fields of its view."""
    view = body["view"]
    shown = FIELDS.get(message_type, {}).get(view)
    if shown is not None:
        return {name: value for name, value in body.items() if name in shown}
    hidden = _HIDDEN.get((message_type, view), frozenset())
    told = {name: value for name, value in body.items() if name not in hidden}
    return told | {"view": _TOLD_AS.get(view, view)}
