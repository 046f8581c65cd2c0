"""`carbonledger quota`: caps, allocations, transfers, surrenders, and who is short."""

from typing import Any

from api.client import resource
from scripts.people.acts import Act, add_act
from scripts.people.connection import Connection
from scripts.people.reads import by_the_rules
from scripts.people.verbs import add_show, add_verb, argument, noun_app, option


def _compliance(connection: Connection, year: int, enterprise: str | None) -> Any:
    """Everybody's year, or one enterprise's."""
    if enterprise is not None:
        return connection.client.get(resource(f"compliance/{year}", enterprise))
    return {"items": list(connection.client.items(f"/v1/compliance/{year}"))}


def _movements(connection: Connection, account: str, asset: str | None) -> Any:
    """Every debit and credit of an account with its cause, oldest first."""
    asked = {} if asset is None else {"asset": asset}
    path = f"{resource('accounts', account)}/movements"
    return {"items": list(connection.client.items(path, **asked))}


ACTS = (
    Act(
        "quota cap",
        "Cap",
        own="authority",
        example="--asset PARK-2024 --tonnes 2500 --document cap.json --as regulator",
    ),
    Act(
        "quota allocate",
        "Allocation",
        read=by_the_rules,
        suggested=frozenset({"rule_pack"}),
        own="authority",
        example="--account 88.111/ENT.0001 --asset PARK-2023 --tonnes 10"
        " --explanation plan.json --as regulator",
    ),
    Act(
        "quota transfer",
        "Transfer",
        own="from",
        example="--to 88.111/ENT.0002 --asset PARK-2023 --tonnes 1 --as enterprise --wait final",
    ),
    Act(
        "quota surrender",
        "Surrender",
        own="account",
        example="--asset PARK-2023 --tonnes 1 --year 2023 --as enterprise --wait final",
    ),
    Act(
        "quota cancel",
        "Cancellation",
        own="account",
        defaults={"beneficiary": None, "reason": None},
        example="--asset PARK-2023 --tonnes 1 --as enterprise --wait final",
    ),
)

app = noun_app("quota")
for _act in ACTS:
    add_act(app, _act)
add_show(
    app,
    "quota show",
    "accounts",
    argument_name="account",
    example="88.111/ENT.0001 --as enterprise",
)
add_verb(
    app,
    "quota movements",
    _movements,
    parameters=[argument("account"), option("asset")],
    example="88.111/ENT.0001 --asset PARK-2023 --as enterprise",
)
add_verb(
    app,
    "quota compliance",
    _compliance,
    parameters=[argument("year", kind=int), option("enterprise")],
    example="2023 --enterprise 88.111/ENT.0001 --as enterprise",
)
