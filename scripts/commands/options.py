"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from ledger.settings import Settings

Directory = Annotated[
    Path, typer.Option("--dir", help="The ledger's directory.", show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="File with the passphrase of the service's keys; asked for when missing."),
]
Head = Annotated[
    str | None, typer.Option(help="A head hash that somebody wrote down: is it in this chain?")
]
DEFAULT_DIRECTORY = Path("carbonledger-data")


def passphrase_of(settings: Settings, file: Path | None) -> str:
    """The passphrase of the service's keys: a file's, a demo's own, or typed."""
    for path in (file, settings.passphrase_file):
        if path is not None and path.exists():
            return path.read_text("utf-8").rstrip("\n")
    typed: str = typer.prompt("Passphrase of the service's keys", hide_input=True, err=True)
    return typed


def head_of(text: str | None) -> bytes | None:
    """The 32 bytes of a `--head`; raises BadParameter."""
    if text is None:
        return None
    try:
        value = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        value = b""
    if len(value) != 32:
        raise typer.BadParameter("0x and 64 digits", param_hint="--head")
    return value
