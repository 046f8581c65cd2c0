"""Valid messages of every type; a test overrides only what it is about."""

from collections.abc import Mapping
from typing import Any

from eth_utils.crypto import keccak

from ledger.chain.bindings import INSTRUMENTS, KINDS, MESSAGES, OPINIONS, SECTORS
from tests.contracts.acts import Message, act_id, address_of
from tests.contracts.world import DEADLINE, FOREVER, World, key_named, rights

YEAR = 2023
PERIOD = YEAR * 100
ASSET = INSTRUMENTS["PARK"] << 56 | YEAR << 40
GRAMS = 1_234_400_000
TONNES = 1_234


def digest(text: str) -> bytes:
    """A digest of some document."""
    return keccak(text=text)


def build(world: World, kind: str, /, **changes: Any) -> dict[str, Any]:
    """A message that the park would accept first, with some fields changed."""
    values = dict(_DEFAULTS[kind]) | {"deadline": DEADLINE}
    fields = [name for name, _ in MESSAGES[kind]["fields"]]
    named = {field: world.ids[name] for field, name in _NAMED[kind].items()}
    message = values | named | changes
    return {field: message[field] for field in fields}


_ADDED = key_named("added")
_DEFAULTS: Mapping[str, Message] = {
    "Registration": {
        "label": "MTR.1",
        "isPrefix": False,
        "kind": KINDS["METER"],
        "record": digest("record"),
    },
    "RecordChange": {"record": digest("record 2"), "revision": 1},
    "KeyAddition": {
        "addedKey": address_of(_ADDED),
        "person": 1,
        "rights": rights("REPORT", "CUSTODIAL"),
        "scheme": 0,
        "validFrom": 0,
        "validUntil": FOREVER,
    },
    "KeyEnding": {
        "endedKey": address_of(key_named("ENTERPRISE1")),
        "time": 0,
        "isCompromised": False,
    },
    "StandingChange": {"standing": 3, "revision": 2, "reason": digest("reason")},
    "Accreditation": {
        "validFrom": 1,
        "validUntil": FOREVER,
        "sectors": 1 << SECTORS["CHEMICALS"],
        "certificate": digest("certificate"),
        "revision": 2,
    },
    "Assignment": {
        "firstYear": 2021,
        "lastYear": 2022,
        "sectors": 1 << SECTORS["STEEL"],
        "ties": 0,
        "revision": 2,
    },
    "Tie": {"ties": 1},
    "Evidence": {
        "period": PERIOD,
        "follows": bytes(32),
        "month": PERIOD + 3,
        "root": digest("root"),
        "leaves": 2_976,
    },
    "Report": {
        "period": PERIOD,
        "follows": bytes(32),
        "directGrams": GRAMS - 400_000,
        "indirectGrams": 400_000,
        "document": digest("report"),
        "rulePack": digest("rules"),
    },
    "Statement": {
        "period": PERIOD,
        "opinion": OPINIONS["POSITIVE"],
        "verifiedGrams": GRAMS,
        "document": digest("statement"),
    },
    "Confirmation": {"period": PERIOD, "tonnes": TONNES},
    "Reopening": {"period": PERIOD, "reason": digest("objection")},
    "Cap": {"asset": ASSET, "tonnes": 10_000, "revision": 1, "document": digest("cap")},
    "Rule": {
        "instrument": INSTRUMENTS["PARK"],
        "year": YEAR,
        "firstVintage": YEAR,
        "lastVintage": YEAR,
        "sharePermyriad": 10_000,
        "isStrict": True,
        "surrenderBy": 1_735_660_800,
        "revision": 1,
        "rulePack": digest("rules"),
    },
    "Allocation": {
        "asset": ASSET,
        "tonnes": 1_000,
        "revision": 1,
        "rulePack": digest("rules"),
        "explanation": digest("explanation"),
    },
    "Transfer": {"asset": ASSET, "tonnes": 100, "nonce": 1},
    "Surrender": {"asset": ASSET, "tonnes": 50, "year": YEAR, "nonce": 1},
    "Cancellation": {
        "asset": ASSET,
        "tonnes": 10,
        "beneficiary": digest("beneficiary"),
        "reason": digest("reason"),
        "nonce": 1,
    },
}
_NAMED: Mapping[str, Mapping[str, str]] = {
    "Registration": {"parent": "PREFIX1", "owner": "ENTERPRISE1"},
    "RecordChange": {"subject": "FACILITY1"},
    "KeyAddition": {"participant": "ENTERPRISE1"},
    "KeyEnding": {"participant": "ENTERPRISE1"},
    "StandingChange": {"authority": "REGULATOR", "subject": "ENTERPRISE1"},
    "Accreditation": {"authority": "REGULATOR", "verifier": "VERIFIER"},
    "Assignment": {
        "authority": "REGULATOR",
        "verifier": "VERIFIER",
        "enterprise": "ENTERPRISE1",
    },
    "Tie": {"participant": "VERIFIER", "verifier": "VERIFIER", "enterprise": "ENTERPRISE1"},
    "Evidence": {"facility": "FACILITY1"},
    "Report": {"facility": "FACILITY1"},
    "Statement": {"facility": "FACILITY1", "verifier": "VERIFIER"},
    "Confirmation": {
        "facility": "FACILITY1",
        "authority": "REGULATOR",
        "account": "ENTERPRISE1",
    },
    "Reopening": {"facility": "FACILITY1", "authority": "REGULATOR"},
    "Cap": {"authority": "REGULATOR"},
    "Rule": {"authority": "REGULATOR"},
    "Allocation": {"authority": "REGULATOR", "account": "ENTERPRISE1"},
    "Transfer": {"from": "ENTERPRISE1", "to": "ENTERPRISE2"},
    "Surrender": {"account": "ENTERPRISE1"},
    "Cancellation": {"account": "ENTERPRISE1"},
}
# The key that signs a valid message of each type.
SIGNERS = {
    "Registration": "ENTERPRISE1",
    "RecordChange": "ENTERPRISE1",
    "KeyAddition": "ENTERPRISE1",
    "KeyEnding": "ENTERPRISE1",
    "StandingChange": "REGULATOR",
    "Accreditation": "REGULATOR",
    "Assignment": "REGULATOR",
    "Tie": "VERIFIER",
    "Evidence": "ENTERPRISE1",
    "Report": "ENTERPRISE1",
    "Statement": "VERIFIER",
    "Confirmation": "REGULATOR",
    "Reopening": "REGULATOR",
    "Cap": "ISSUER",
    "Rule": "ISSUER",
    "Allocation": "ISSUER",
    "Transfer": "ENTERPRISE1",
    "Surrender": "ENTERPRISE1",
    "Cancellation": "ENTERPRISE1",
}


def figure(world: World, upto: str, **changes: Any) -> dict[str, dict[str, Any]]:
    """The messages that bring facility 1's year to an act; all but the last are carried.

    `changes` are those of the last.
    """
    order = ("Report", "Statement", "Confirmation", "Reopening")
    shown = {"Confirmation": "Statement", "Reopening": "Confirmation"}
    messages: dict[str, dict[str, Any]] = {}
    follows = bytes(32)
    for kind in order[: order.index(upto) + 1]:
        more = changes if kind == upto else {}
        messages[kind] = build(world, kind, **({"follows": follows} | more))
        if kind != upto:
            show = messages.get(shown.get(kind, ""))
            world.act(kind, messages[kind], key=SIGNERS[kind], shown=show)
        follows = act_id(kind, messages[kind])
    return messages


def quota(world: World, *, due: bool = False, strict: bool = True, tonnes: int = 1_000) -> None:
    """A cap, a rule and an allocation to enterprise 1; with `due` its figure is confirmed."""
    world.act("Cap", build(world, "Cap"), key="ISSUER")
    world.act("Rule", build(world, "Rule", isStrict=strict), key="ISSUER")
    world.act("Allocation", build(world, "Allocation", tonnes=tonnes), key="ISSUER")
    if due:
        confirm(world)


def confirm(world: World) -> None:
    """Bring facility 1's year to its confirmation."""
    messages = figure(world, "Confirmation")
    confirmation = messages["Confirmation"]
    world.act("Confirmation", confirmation, key="REGULATOR", shown=messages["Statement"])


def ready(world: World, kind: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A message that the contracts accept now, and what it shows."""
    if kind in ("Report", "Statement", "Confirmation", "Reopening"):
        messages = figure(world, kind)
        shown = {"Confirmation": "Statement", "Reopening": "Confirmation"}.get(kind, "")
        return messages[kind], messages.get(shown)
    if kind in ("Transfer", "Surrender", "Cancellation"):
        quota(world, strict=False)
    if kind == "Allocation":
        world.act("Cap", build(world, "Cap"), key="ISSUER")
    return build(world, kind), None
