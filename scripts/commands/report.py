"""`carbonledger report`: a facility's emissions of a period, signed by its enterprise."""

from scripts.people.acts import Act, add_act
from scripts.people.reads import by_the_rules
from scripts.people.verbs import add_list, add_show, noun_app

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
