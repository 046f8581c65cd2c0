"""`carbonledger restore`: a directory from the archive of a backup, up to its chain's head."""

from pathlib import Path
from typing import Annotated

import typer

from api.fields import hex_text
from ledger.backup.restoration import Restored
from ledger.backup.restoration import restore as restore_archive
from ledger.clock import RealClock
from ledger.settings import Settings
from scripts.commands.options import (
    DEFAULT_DIRECTORY,
    AsJson,
    Directory,
    Head,
    head_of,
    help_of,
)
from scripts.output import EXIT_WRONG, print_json, say, text

HELP = help_of("restore", "park.backup --dir restored")


def restore(
    file: Annotated[
        Path, typer.Argument(help=text("argument.archive"), exists=True, dir_okay=False)
    ],
    directory: Directory = DEFAULT_DIRECTORY,
    head: Head = None,
    as_json: AsJson = False,
) -> None:
    """Make an empty directory what it was at a backup, then read its chain."""
    settings = Settings(directory)
    restored = restore_archive(file, settings, clock=RealClock(), noted_head=head_of(head))
    if as_json:
        print_json(_shown(restored))
    else:
        _tell(restored, directory)
    if restored.has_noted_head is False:
        raise typer.Exit(EXIT_WRONG)


def _shown(restored: Restored) -> dict[str, object]:
    contents = restored.contents
    return {
        "made_at": contents.made_at,
        "backup_block": contents.block,
        "block": restored.block,
        "head": hex_text(restored.head),
        "newer_blocks": restored.newer_blocks,
        "newer_acts": restored.newer_acts,
        "mirror_blocks": restored.mirror_blocks,
        "has_noted_head": restored.has_noted_head,
    }


def _tell(restored: Restored, directory: Path) -> None:
    say(text("restore.done", directory=directory, block=restored.contents.block))
    newer = {"blocks": restored.newer_blocks, "acts": restored.newer_acts}
    read = {"mirror_blocks": restored.mirror_blocks, "last": restored.block}
    say(text("restore.newer", **newer, **read))
    if restored.has_noted_head is False:
        say(text("restore.head_missing"))
        say(text("restore.fork"))
    say(text("restore.next", directory=directory))
