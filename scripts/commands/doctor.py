"""`carbonledger doctor`: is this directory whole, and is it the chain somebody wrote down?"""

from typing import Annotated

import typer

from api.fields import hex_text
from ledger.embedded_engine import opened, reader
from ledger.settings import Settings
from ledger.store.chain_log import block_by_hash, freshness
from scripts.commands.options import DEFAULT_DIRECTORY, AsJson, Directory, help_of
from scripts.output import EXIT_WRONG, print_json, say, text

HELP = help_of("doctor", "--dir carbonledger-data")
_PRIVATE_DIRECTORY, _PRIVATE_FILE = 0o700, 0o600


def doctor(
    directory: Directory = DEFAULT_DIRECTORY,
    head: Annotated[str | None, typer.Option(help=text("option.head"))] = None,
    as_json: AsJson = False,
) -> None:
    """Check contracts, mirror and key files of a directory."""
    settings = Settings(directory)
    with opened(settings) as (store, node, manifest):
        chain = reader(node, manifest)
        chain_block = chain.head_number()
        with store.reading() as reading:
            read = freshness(reading)
            number = None if head is None else block_by_hash(reading, _hash(head))
        is_known = number is not None and chain.block(number).hash == _hash(head or "")
    checks = {
        "contracts": True,  # `opened` refuses a chain with other code
        "mirror_has_read_the_chain": read.head_block == chain_block,
        "keys_are_private": _are_private(settings),
    }
    if head is not None:
        checks["head_is_in_this_chain"] = is_known
    told = {"block": chain_block, "head": hex_text(read.head_hash), "checks": checks}
    if as_json:
        print_json(told)
    else:
        say(text("doctor.head", block=chain_block, head=told["head"]))
        for name, is_good in checks.items():
            found = text("doctor.good") if is_good else text("doctor.bad")
            say(f"  {found} {text(f'doctor.{name}')}")
    if not all(checks.values()):
        raise typer.Exit(EXIT_WRONG)


def _hash(given: str) -> bytes:
    try:
        value = bytes.fromhex(given.removeprefix("0x"))
    except ValueError:
        value = b""
    if len(value) != 32:
        raise typer.BadParameter(text("usage.hash"), param_hint="--head")
    return value


def _are_private(settings: Settings) -> bool:
    files = list(settings.keys.iterdir())
    return settings.keys.stat().st_mode & 0o777 == _PRIVATE_DIRECTORY and all(
        file.stat().st_mode & 0o777 == _PRIVATE_FILE for file in files
    )
