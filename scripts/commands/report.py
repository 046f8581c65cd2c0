"""`carbonledger report`: a facility's emissions of a period, signed by its enterprise."""

from scripts.people.acts import Act, Message, add_act
from scripts.people.connection import Connection
from scripts.people.reads import current_rule_pack
from scripts.people.verbs import add_list, add_show, noun_app


def _by_the_rules(connection: Connection, _nothing: str) -> Message:
    return {"rule_pack": current_rule_pack(connection.client)}


app = noun_app("report")
add_act(
    app,
    Act(
        "report submit",
        "Report",
        read=_by_the_rules,
        suggested=frozenset({"rule_pack"}),
        example="--facility 88.111.1/FAC.0001 --period 2025 --direct-grams 0"
        " --indirect-grams 791294015 --document table.json --as enterprise --wait final",
    ),
)
add_show(app, "report show", "reports", argument_name="id", example="$REPORT --as enterprise")
add_list(
    app,
    "report list",
    "reports",
    filters=("facility", "period", "enterprise", "year", "state"),
    example="--facility 88.111.1/FAC.0001 --period 2023 --as enterprise",
)
