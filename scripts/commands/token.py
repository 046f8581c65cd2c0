"""`carbonledger token`: access tokens; one for the machine's operator is made on the machine."""

from typing import Annotated

import typer

from ledger.access.tokens import TOKEN_SECONDS, Grant, keep_token, make_token
from ledger.clock import RealClock
from ledger.directory import require_made
from ledger.store.engine import Store
from ledger.store.manifest import read_manifest
from scripts.commands.options import DEFAULT_DIRECTORY, AsJson, Directory
from scripts.output import print_json, say

app = typer.Typer(help="Access tokens.", no_args_is_help=True, add_completion=False)


@app.callback()
def tokens() -> None:
    """Access tokens."""


@app.command("create")
def create(
    operate: Annotated[
        bool, typer.Option("--operate", help="For whoever looks after the machine; required.")
    ],
    directory: Directory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Make a token of the machine's operator, for 90 days; it is printed once.

    It belongs to no participant and sees health and sizes, never content. Others get theirs by
    HTTP: POST /v1/sessions and POST /v1/tokens.

    Example: carbonledger token create --operate --dir carbonledger-data
    """
    if not operate:
        raise typer.BadParameter("only such a token is made here", param_hint="--operate")
    require_made(directory)
    token, now = make_token(), RealClock().now()
    grant = Grant(None, None, frozenset({"operate"}), now + TOKEN_SECONDS)
    store = Store(directory)
    try:
        with store.keeping() as connection:
            read_manifest(connection)
            keep_token(connection, token, grant, access=None, now=now)
    finally:
        store.close()
    if as_json:
        print_json({"lookup": token.lookup, "token": token.text})
        return
    say("Keep it: it is told this once.")
    typer.echo(token.text)
