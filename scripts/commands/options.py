"""Options that several verbs share, and what `--help` says; chosen by language at import."""

from pathlib import Path
from typing import Annotated

import typer

from ledger.settings import Settings
from scripts.output import text

Directory = Annotated[
    Path, typer.Option("--dir", help=text("option.ledger_directory"), show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help=text("option.as_json"))]
PassphraseFile = Annotated[Path | None, typer.Option(help=text("option.service_passphrase_file"))]
Head = Annotated[str | None, typer.Option(help=text("option.head"))]
DEFAULT_DIRECTORY = Path("carbonledger-data")


def help_of(name: str, example: str) -> str:
    """What `--help` of a verb says: what it does, and an example that runs."""
    told = text(f"verb.{name.replace(' ', '.')}")
    # \b keeps the line whole, so that it can be pasted.
    return f"{told}\n\n\b\n{text('help.example')} carbonledger {name} {example}"


def passphrase_of(settings: Settings, file: Path | None) -> str:
    """The passphrase of the service's keys: a file's, a demo's own, or typed."""
    for path in (file, settings.passphrase_file):
        if path is not None and path.exists():
            return path.read_text("utf-8").rstrip("\n")
    typed: str = typer.prompt(text("prompt.service_passphrase"), hide_input=True, err=True)
    return typed


def head_of(given: str | None) -> bytes | None:
    """The 32 bytes of a `--head`; raises BadParameter."""
    if given is None:
        return None
    try:
        value = bytes.fromhex(given.removeprefix("0x"))
    except ValueError:
        value = b""
    if len(value) != 32:
        raise typer.BadParameter(text("usage.hash"), param_hint="--head")
    return value


def address_of(given: str, *, option: str) -> bytes:
    """The 20 bytes of an address that an option names; raises BadParameter."""
    try:
        address = bytes.fromhex(given.removeprefix("0x"))
    except ValueError:
        address = b""
    if len(address) != 20:
        raise typer.BadParameter(text("usage.address", address=given[:50]), param_hint=option)
    return address
