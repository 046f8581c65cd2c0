"""`carbonledger report`: a facility's emissions of a period, signed by its enterprise."""

from typing import Any

from scripts.people.acts import Act, add_act
from scripts.people.connection import Connection
from scripts.people.reads import by_the_rules
from scripts.people.verbs import Line, add_list, add_show, add_verb, argument, noun_app, option


def _proof(connection: Connection, id: str, meter: str | None, stamp: str | None) -> Any:
    """The proof as a file: one line of JSON, for people and programs alike."""
    return Line(connection.client.proof(id, meter=meter, stamp=stamp))


ACTS = (
    Act(
        "report submit",
        "Report",
        read=by_the_rules,
        suggested=frozenset({"rule_pack"}),
        example="--facility 88.111.1/FAC.0001 --period 2025 --direct-grams 0"
        " --indirect-grams 791294015 --document table.json --as enterprise --wait final",
    ),
)

app = noun_app("report")
for _act in ACTS:
    add_act(app, _act)
add_show(app, "report show", "reports", argument_name="id", example="$REPORT --as enterprise")
add_list(
    app,
    "report list",
    "reports",
    filters=("facility", "period", "enterprise", "year", "state"),
    example="--facility 88.111.1/FAC.0001 --period 2023 --as enterprise",
)
add_verb(
    app,
    "report proof",
    _proof,
    parameters=[argument("id"), option("meter"), option("stamp")],
    example="$REPORT --as enterprise",
)
