"""`carbonledger evidence`: a facility's month, computed offline, kept, anchored."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.client import Client
from scripts.commands.options import AsJson, help_of
from scripts.output import text
from scripts.people.acts import Draft, acting, hand_in, handling_of
from scripts.people.connection import Connection
from scripts.people.evidence_file import read_evidence_file
from scripts.people.verbs import (
    add_list,
    add_show,
    add_verb,
    argument,
    noun_app,
    option,
    show,
)

app = noun_app("evidence")


@app.command("build", help=help_of("evidence build", "january.json --new-seeds"))
def build(
    file: Annotated[Path, typer.Argument(help=text("argument.evidence_file"))],
    new_seeds: Annotated[bool, typer.Option("--new-seeds", help=text("option.new_seeds"))] = False,
    as_json: AsJson = False,
) -> None:
    """Offline: no service is asked, and the same file gives the same root for ever."""
    show(read_evidence_file(file, may_draw=new_seeds).summary(), as_json=as_json)


def _submit(
    connection: Connection,
    evidence_file: Path,
    period: str | None,
    follows: str | None,
    **given: Any,
) -> Any:
    """Keep what the root commits to, then anchor it."""
    evidence = read_evidence_file(evidence_file)

    def keep(client: Client) -> None:
        for meter in evidence.built.meters:
            client.upload_readings(meter)
        for content in evidence.documents:
            client.upload(content, kind="activity")

    message = evidence.message(period=period, follows=follows)
    return hand_in(connection, Draft("Evidence", message, keep), handling_of(given))


add_verb(
    app,
    "evidence submit",
    _submit,
    parameters=[
        argument("evidence_file", kind=Path),
        option("period"),
        option("follows"),
        *acting(),
    ],
    example="january.json --as enterprise --wait final",
)
add_show(app, "evidence show", "evidence", argument_name="id", example="$EVIDENCE --as enterprise")
add_list(
    app,
    "evidence list",
    "evidence",
    filters=("facility", "period", "enterprise", "year"),
    example="--facility 88.111.1/FAC.0001 --period 2023 --as enterprise",
)
