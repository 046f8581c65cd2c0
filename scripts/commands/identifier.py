"""`carbonledger identifier`: subjects of the tree, registered, suspended and resumed."""

from ledger.chain.bindings import STANDINGS
from scripts.people.acts import Act, Message, add_act
from scripts.people.connection import Connection
from scripts.people.reads import identifier_of
from scripts.people.verbs import add_list, add_show, noun_app

_RUNS = STANDINGS["ACTIVE"]
_HOLDS_AN_ACCOUNT = _RUNS | STANDINGS["HOLDS"] | STANDINGS["SENDS"]


def _placed(_connection: Connection, name: str) -> Message:
    """Where a name stands: below which parent, under which label."""
    is_prefix = "/" not in name
    parent, _, label = name.rpartition("." if is_prefix else "/")
    return {"parent": parent, "label": label, "is_prefix": is_prefix}


def _subject(_connection: Connection, name: str) -> Message:
    return {"subject": name}


def _resumed(connection: Connection, name: str) -> Message:
    """An enterprise gets its account back, everybody else may simply act again."""
    is_enterprise = identifier_of(connection.client, name)["kind"] == "enterprise"
    return {"subject": name, "standing": _HOLDS_AN_ACCOUNT if is_enterprise else _RUNS}


ACTS = (
    Act(
        "identifier register",
        "Registration",
        argument="identifier",
        read=_placed,
        derived=frozenset({"parent", "label", "is_prefix"}),
        own="owner",
        defaults={"record": None},
        example="88.111.1/SRC.0009 --kind source --as enterprise",
    ),
    Act(
        "identifier suspend",
        "StandingChange",
        argument="identifier",
        read=_subject,
        derived=frozenset({"subject"}),
        own="authority",
        defaults={"reason": None},
        fixed={"standing": 0},
        example="88.111/ENT.0002 --as regulator --wait final",
    ),
    Act(
        "identifier resume",
        "StandingChange",
        argument="identifier",
        read=_resumed,
        derived=frozenset({"subject"}),
        suggested=frozenset({"standing"}),
        own="authority",
        defaults={"reason": None},
        example="88.111/ENT.0002 --as regulator --wait final",
    ),
)

app = noun_app("identifier")
for _act in ACTS:
    add_act(app, _act)
add_show(
    app,
    "identifier show",
    "identifiers",
    argument_name="identifier",
    example="88.111/ENT.0001",
)
add_list(
    app,
    "identifier list",
    "identifiers",
    filters=("parent", "kind", "standing", "text"),
    example="--kind enterprise",
)
