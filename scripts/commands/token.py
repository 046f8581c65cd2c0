"""`carbonledger token`: access tokens for machines; the operator's is made on the machine."""

from typing import Any
from urllib.parse import quote

import typer

from api.client.client import fresh_key
from scripts.output import say, text
from scripts.people.connection import Connection
from scripts.people.verbs import add_verb, argument, noun_app, option


def _create(
    connection: Connection, scopes: str | None, expires_at: str | None, operate: bool | None
) -> Any:
    """A token, told once: no wider than one's own, or of whoever looks after the machine."""
    if bool(operate) == (scopes is not None):
        raise typer.BadParameter(text("usage.scopes"), param_hint="--scopes")
    if scopes is None:
        # It opens the database, which others never need.
        from scripts.operator_token import make_operator_token

        told = make_operator_token(connection.directory, connection.passphrase_file)
    else:
        wish: dict[str, Any] = {"scopes": scopes.split(",")}
        wish |= {} if expires_at is None else {"expires_at": expires_at}
        told = connection.client.post("/v1/tokens", wish, idempotency_key=fresh_key())
    say(text("token.once") if "token" in told else text("token.lost", lookup=told["lookup"]))
    return told


def _list(connection: Connection) -> Any:
    """The tokens of one's participant, ended ones too, without their secrets."""
    return {"items": list(connection.client.items("/v1/tokens"))}


def _revoke(connection: Connection, lookup: str) -> Any:
    """End a token; what was done with it stays."""
    connection.client.delete(f"/v1/tokens/{quote(lookup, safe='')}")
    return {"lookup": lookup}


app = noun_app("token")
add_verb(
    app,
    "token create",
    _create,
    parameters=[option("scopes"), option("expires_at"), option("operate", kind=bool)],
    example="--scopes read --as enterprise",
)
add_verb(app, "token list", _list, example="--as enterprise")
add_verb(
    app,
    "token revoke",
    _revoke,
    parameters=[argument("lookup")],
    example="$TOKEN --as enterprise",
)
