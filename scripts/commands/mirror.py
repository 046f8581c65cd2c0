"""`carbonledger mirror`: is the mirror what the chain says, and making it anew."""

from typing import Annotated, Any

import typer

from api.fields import hex_text
from ledger.directory import require_made
from ledger.known_chain import last_common_block
from ledger.mirror.difference import Difference
from ledger.mirror.rebuild import rebuild
from ledger.mirror.reconcile import reconcile
from ledger.mirror.reindex import reindex
from ledger.opening import Opened, opened
from ledger.outbox.queue import reopen_after
from ledger.service_keys import read_service_keys
from ledger.settings import Settings
from ledger.store.chain_log import freshness
from scripts.commands.options import (
    DEFAULT_DIRECTORY,
    AsJson,
    Directory,
    PassphraseFile,
    help_of,
    passphrase_of,
)
from scripts.output import EXIT_WRONG, print_json, say, text
from scripts.people.verbs import noun_app

app = noun_app("mirror")
_EXAMPLE = "--dir carbonledger-data"


@app.command("status", help=help_of("mirror status", _EXAMPLE))
def status(directory: Directory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """How far the mirror has read."""
    with opened(Settings(directory)) as ledger:
        head = ledger.reader.head_number()
        with ledger.store.reading() as reading:
            read = freshness(reading)
        told = {
            "generation": ledger.store.mirror_generation(),
            "block": read.head_block,
            "head": hex_text(read.head_hash),
            "chain_block": head,
        }
    if as_json:
        print_json(told)
    else:
        facts = {"generation": told["generation"], "block": read.head_block, "head": head}
        say(text("mirror.status", **facts))


@app.command("reconcile", help=help_of("mirror reconcile", f"{_EXAMPLE} --json"))
def reconcile_mirror(directory: Directory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Compare every row with a rebuild from the chain and with the contracts' storage."""
    with opened(Settings(directory)) as ledger:
        found = reconcile(ledger.store, ledger.reader, ledger.manifest)
    differences = [_shown(difference) for difference in found.differences]
    if as_json:
        told = {"block": found.block, "tables": found.tables, "rows": found.rows}
        print_json(told | {"equal": not differences, "differences": differences})
    else:
        say(text("mirror.compared", rows=found.rows, tables=found.tables, block=found.block))
        for one in differences:
            say(f"  {one['kind']}: {one['table']} {one['key']} {', '.join(one['columns'])}")
        say(text("mirror.differs") if differences else text("mirror.equal"))
    if differences:
        raise typer.Exit(EXIT_WRONG)


@app.command("rebuild", help=help_of("mirror rebuild", f"{_EXAMPLE} --passphrase-file passphrase"))
def rebuild_mirror(
    directory: Directory = DEFAULT_DIRECTORY,
    accept_fork: Annotated[
        bool, typer.Option("--accept-fork", help=text("option.accept_fork"))
    ] = False,
    from_events: Annotated[
        bool, typer.Option("--from-events", help=text("option.from_events"))
    ] = False,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Make the mirror anew from the chain beside the served one, then serve it."""
    if accept_fork and from_events:
        raise typer.BadParameter(text("usage.one_origin"), param_hint="--from-events")
    settings = Settings(directory)
    require_made(directory)
    keys = read_service_keys(settings.keys, passphrase=passphrase_of(settings, passphrase_file))
    with opened(settings, accepts_fork=accept_fork, keys=keys) as ledger:
        common = last_common_block(ledger.reader, ledger.store) if accept_fork else 0
        generation, block = _rebuilt(ledger, from_events=from_events)
        again = _carry_again(ledger, common) if accept_fork else 0
    if as_json:
        print_json({"generation": generation, "block": block, "transactions_again": again})
        return
    say(text("mirror.rebuilt", generation=generation, block=block))
    if accept_fork:
        say(text("mirror.fork", block=common, count=again))


def _rebuilt(ledger: Opened, *, from_events: bool) -> tuple[int, int]:
    if not from_events:
        return rebuild(ledger.store, ledger.reader, ledger.manifest)
    depth = ledger.reader.finality_depth
    return reindex(ledger.store, ledger.manifest, finality_depth=depth)


def _carry_again(ledger: Opened, common: int) -> int:
    with ledger.store.keeping() as connection:
        return reopen_after(connection, common)


def _shown(difference: Difference) -> dict[str, Any]:
    return {
        "table": difference.table,
        "key": {name: _plain(value) for name, value in difference.key.items()},
        "kind": difference.kind,
        "columns": list(difference.columns),
        "mirror": _plain_row(difference.mirror, difference),
        "chain": _plain_row(difference.chain, difference),
    }


def _plain_row(row: dict[str, Any] | None, difference: Difference) -> dict[str, Any] | None:
    """The columns that differ, or all of a row that only one side has."""
    if row is None:
        return None
    names = difference.columns or tuple(row)
    return {name: _plain(row[name]) for name in names}


def _plain(value: Any) -> Any:
    return hex_text(value) if isinstance(value, bytes) else value
