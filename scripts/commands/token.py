"""`carbonledger token`: access tokens; one for the machine's operator is made on the machine."""

from typing import Annotated

import typer

from ledger.access.tokens import TOKEN_SECONDS, Grant, keep_token, make_token
from ledger.clock import RealClock
from ledger.directory import require_made
from ledger.store.engine import Store
from ledger.store.manifest import read_manifest
from scripts.commands.options import DEFAULT_DIRECTORY, AsJson, Directory, help_of
from scripts.output import print_json, say, text
from scripts.people.verbs import noun_app

app = noun_app("token")


@app.command("create", help=help_of("token create", "--operate --dir carbonledger-data"))
def create(
    operate: Annotated[bool, typer.Option("--operate", help=text("option.operate"))],
    directory: Directory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Make a token of the machine's operator; it is printed once."""
    if not operate:
        raise typer.BadParameter(text("usage.operate"), param_hint="--operate")
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
    say(text("token.once"))
    typer.echo(token.text)
