"""`carbonledger key`: signing keys of people, made where they are used, added and retired."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.fields import hex_text
from identity.keys import address_of, generate_key
from scripts.commands.options import AsJson, help_of
from scripts.output import print_json, say, text
from scripts.people.acts import Act, Message, add_act
from scripts.people.connection import Connection
from scripts.people.files import read_text
from scripts.people.verbs import add_verb, argument, noun_app

_HERE = Path()

app = noun_app("key")


@app.command("create", help=help_of("key create", "my-key.json --dir keys"))
def create(
    name: Annotated[Path, typer.Argument(help=text("argument.new_keystore"))],
    directory: Annotated[Path, typer.Option("--dir", help=text("option.keys_directory"))] = _HERE,
    passphrase_file: Annotated[
        Path | None, typer.Option(help=text("option.passphrase_file"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a signing key in an encrypted file (Web3 Secret Storage, mode 0600)."""
    from identity.keystore import write_keystore

    if passphrase_file is not None:
        passphrase = read_text(passphrase_file)
    else:
        passphrase = typer.prompt(
            text("prompt.new_passphrase"), hide_input=True, confirmation_prompt=True, err=True
        )
    keystore = directory / name
    private_key = generate_key()
    write_keystore(keystore, private_key, passphrase=passphrase)
    address = hex_text(address_of(private_key))
    if as_json:
        print_json({"address": address, "keystore": str(keystore)})
    else:
        say(text("key.created", address=address, keystore=keystore))


def _list(connection: Connection, identifier: str) -> Any:
    """Every key that a participant ever had."""
    return {"items": list(connection.client.items("/v1/keys", identifier=identifier))}


def _added(_connection: Connection, address: str) -> Message:
    return {"added_key": address}


def _ended(_connection: Connection, address: str) -> Message:
    return {"ended_key": address}


add_verb(app, "key list", _list, parameters=[argument("identifier")], example="88.111/ENT.0001")

ACTS = (
    Act(
        "key add",
        "KeyAddition",
        argument="address",
        read=_added,
        derived=frozenset({"added_key"}),
        own="participant",
        defaults={"scheme": "secp256k1", "valid_from": None},
        second="possession_key",
        example="$ADDRESS --person 1 --rights report --valid-until 2039-01-01T00:00:00Z"
        " --possession-key new-key.json --as enterprise --wait final",
    ),
    Act(
        "key retire",
        "KeyEnding",
        argument="address",
        read=_ended,
        derived=frozenset({"ended_key"}),
        own="participant",
        defaults={"time": None},
        fixed={"is_compromised": False},
        example="$ADDRESS --as enterprise",
    ),
)
for _act in ACTS:
    add_act(app, _act)
