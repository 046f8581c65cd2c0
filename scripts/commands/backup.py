"""`carbonledger backup`: one moment of a directory in one file, also while it is served."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.backup.archive import Contents
from ledger.backup.snapshot import back_up, left_out
from ledger.clock import RealClock
from ledger.settings import Settings
from scripts.commands.options import DEFAULT_DIRECTORY, AsJson, Directory, help_of
from scripts.output import print_json, say, text

HELP = help_of("backup", "park.backup --dir carbonledger-data")


def backup(
    file: Annotated[
        Path, typer.Argument(help="The new archive; beside it there must be room for two more.")
    ],
    directory: Directory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Write one moment of a directory into an archive."""
    settings = Settings(directory)
    contents = back_up(settings, file, clock=RealClock())
    others = left_out(settings)
    if as_json:
        print_json({"file": str(file)} | _shown(contents) | {"left_out": others})
        return
    say(text("backup.done", file=file, directory=directory, block=contents.block))
    say(text("backup.head", head=contents.head))
    if others:
        say(text("backup.left_out", names=", ".join(others)))


def _shown(contents: Contents) -> dict[str, Any]:
    parts = {
        part.name: {"bytes": part.size_bytes, "sha256": part.sha256} for part in contents.parts
    }
    return {"block": contents.block, "head": contents.head, "parts": parts}
