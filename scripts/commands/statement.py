"""`carbonledger statement`: the verifier's opinion on a report, and the regulator's acceptance."""

from typing import Any

import typer

from ledger.carbon import tonnes_from_grams
from scripts.output import text
from scripts.people.acts import Act, Message, add_act
from scripts.people.connection import Connection
from scripts.people.reads import identifier_of
from scripts.people.verbs import add_list, add_show, add_verb, noun_app, option


def _on_report(connection: Connection, report: str) -> Message:
    """A statement follows the report it judges and says its figure unless told otherwise."""
    judged = connection.client.get(f"/v1/reports/{report}")
    return {
        "facility": judged["facility"],
        "period": judged["period"],
        "follows": judged["id"],
        "verified_grams": judged["direct_grams"] + judged["indirect_grams"],
    }


def _of_statement(connection: Connection, statement: str) -> Message:
    """A confirmation follows the statement it accepts, in whole tonnes of the owner's account."""
    accepted = connection.client.get(f"/v1/statements/{statement}")
    return {
        "facility": accepted["facility"],
        "period": accepted["period"],
        "follows": accepted["id"],
        "account": identifier_of(connection.client, accepted["facility"])["owner"],
        "tonnes": tonnes_from_grams(accepted["verified_grams"]),
    }


def _queue(connection: Connection, verifier: str | None) -> Any:
    """The open assignments of a verifier: whose reports of which years are his to judge."""
    asked = verifier or connection.profile.participant
    if asked is None:
        raise typer.BadParameter(text("usage.missing_option"), param_hint="--verifier")
    return {"items": list(connection.client.items("/v1/assignments", verifier=asked, state="open"))}


ACTS = (
    Act(
        "statement submit",
        "Statement",
        argument="report",
        read=_on_report,
        derived=frozenset({"facility", "period", "follows"}),
        suggested=frozenset({"verified_grams"}),
        own="verifier",
        kind="audit",
        example="$REPORT --opinion positive --document opinion.json --as verifier",
    ),
    Act(
        "statement confirm",
        "Confirmation",
        argument="statement",
        read=_of_statement,
        derived=frozenset({"facility", "period", "follows"}),
        suggested=frozenset({"account", "tonnes"}),
        own="authority",
        example="$STATEMENT --as regulator",
    ),
)

app = noun_app("statement")
for _act in ACTS:
    add_act(app, _act)
add_verb(
    app,
    "statement queue",
    _queue,
    parameters=[option("verifier")],
    example="--as verifier",
)
add_show(
    app, "statement show", "statements", argument_name="id", example="$STATEMENT --as verifier"
)
add_list(
    app,
    "statement list",
    "statements",
    filters=("facility", "period", "enterprise", "year", "verifier"),
    example="--facility 88.111.1/FAC.0001 --period 2023 --as verifier",
)
