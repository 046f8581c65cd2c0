"""`carbonledger key`: signing keys of people, made where they are used."""

from pathlib import Path
from typing import Annotated

import typer

from api.fields import hex_text
from identity.keys import address_of, generate_key
from identity.keystore import write_keystore
from scripts.commands.options import AsJson
from scripts.output import print_json, say

_HERE = Path()

app = typer.Typer(help="Signing keys.", no_args_is_help=True, add_completion=False)


@app.command("create")
def create(
    name: Annotated[Path, typer.Argument(help="The new key's file.")],
    directory: Annotated[Path, typer.Option("--dir", help="Where the file goes.")] = _HERE,
    passphrase_file: Annotated[Path | None, typer.Option(help="File with its passphrase.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a signing key in an encrypted file (Web3 Secret Storage, mode 0600).

    Only its address is printed; register it with a KeyAddition.

    Example: carbonledger key create my-key.json --dir keys
    """
    if passphrase_file is not None:
        passphrase = passphrase_file.read_text("utf-8").rstrip("\n")
    else:
        passphrase = typer.prompt(
            "New passphrase", hide_input=True, confirmation_prompt=True, err=True
        )
    keystore = directory / name
    private_key = generate_key()
    write_keystore(keystore, private_key, passphrase=passphrase)
    address = hex_text(address_of(private_key))
    if as_json:
        print_json({"address": address, "keystore": str(keystore)})
    else:
        say(f"{address} in {keystore}")
