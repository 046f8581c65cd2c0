"""`carbonledger init`: contracts, service keys and manifest of a new ledger."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.fields import hex_text
from identity.identifier import parse_identifier
from identity.keys import address_of as key_address
from ledger.chain.bindings import CONTRACTS
from ledger.clock import Clock, RealClock
from ledger.directory import DirectoryLock, require_empty
from ledger.founding import FoundingPlan, found
from ledger.service_keys import make_passphrase_file, make_service_keys
from ledger.settings import Connections, Settings
from ledger.store.manifest import Manifest
from scripts.commands.options import (
    DEFAULT_DIRECTORY,
    AsJson,
    Directory,
    PassphraseFile,
    address_of,
    help_of,
)
from scripts.commands.serve import scripted_clock
from scripts.output import print_json, say, text

HELP = help_of(
    "init",
    "--dir carbonledger-data --passphrase-file passphrase"
    " --founder 0x1111111111111111111111111111111111111111"
    " --founder 0x2222222222222222222222222222222222222222"
    " --founder 0x3333333333333333333333333333333333333333",
)
DATABASE_VARIABLE = "CARBONLEDGER_DATABASE_URL"
_FOUNDERS_MIN = 3
_RECOVERY_DELAY_SECONDS = 72 * 3600


class Profile(StrEnum):
    """Where the chain is: in this process, or behind a node's JSON-RPC."""

    EMBEDDED = "embedded"
    RPC = "rpc"


def init(
    founder: Annotated[list[str], typer.Option(help=text("option.founder"))],
    directory: Directory = DEFAULT_DIRECTORY,
    root: Annotated[str, typer.Option(help=text("option.root"))] = "88",
    recovery_delay: Annotated[
        int, typer.Option(help=text("option.recovery_delay"))
    ] = _RECOVERY_DELAY_SECONDS,
    passphrase_file: PassphraseFile = None,
    profile: Annotated[Profile, typer.Option(help=text("option.profile"))] = Profile.EMBEDDED,
    rpc: Annotated[str | None, typer.Option(help=text("option.rpc"))] = None,
    finality: Annotated[int, typer.Option(help=text("option.finality"), min=0)] = 0,
    database: Annotated[
        str | None, typer.Option(help=text("option.database"), envvar=DATABASE_VARIABLE)
    ] = None,
    demo: Annotated[bool, typer.Option(help=text("option.demo"))] = False,
    clock: Annotated[Path | None, typer.Option(help=text("option.clock"))] = None,
    as_json: AsJson = False,
) -> None:
    """Make a new ledger in an empty directory."""
    if len(set(founder)) < _FOUNDERS_MIN:
        raise typer.BadParameter(text("usage.founders"), param_hint="--founder")
    if clock is not None and not demo:
        raise typer.BadParameter(text("usage.clock"), param_hint="--clock")
    settings = Settings(directory)
    connections = _connections(profile, rpc=rpc, finality=finality, database=database)
    plan = FoundingPlan(
        root=parse_identifier(root).name,
        founders=tuple(address_of(one, option="--founder") for one in founder),
        recovery_delay_seconds=recovery_delay,
        is_demo=demo,
    )
    time: Clock = scripted_clock(clock) if clock is not None else RealClock()
    lock = DirectoryLock(directory)
    require_empty(directory)
    keys = make_service_keys(
        settings.keys, passphrase=_new_passphrase(settings, passphrase_file, demo)
    )
    manifest = found(directory, plan, keys=keys, clock=time, connections=connections)
    lock.release()
    courier = hex_text(key_address(keys.courier))
    if as_json:
        print_json({"directory": str(directory), "courier": courier} | _shown(manifest))
        return
    say(text("init.made", path=directory))
    if profile is Profile.RPC:
        say(text("init.courier", address=courier))
    say(text("init.next", root=plan.root))


def _connections(
    profile: Profile, *, rpc: str | None, finality: int, database: str | None
) -> Connections:
    """Raises BadParameter for what the profile does not have or lacks."""
    if profile is Profile.RPC:
        if rpc is None:
            raise typer.BadParameter(text("usage.rpc_missing"), param_hint="--rpc")
        return Connections(rpc_url=rpc, database_url=database, finality_depth=finality)
    for option, given in (("--rpc", rpc), ("--finality", finality), ("--database", database)):
        if given:
            raise typer.BadParameter(text("usage.rpc_only"), param_hint=option)
    return Connections()


def _shown(manifest: Manifest) -> dict[str, Any]:
    contracts = {name: hex_text(manifest.address_of(name)) for name in CONTRACTS}
    service_key = hex_text(manifest.service_key)
    return {"chain_id": manifest.chain_id, "contracts": contracts, "service_key": service_key}


def _new_passphrase(settings: Settings, file: Path | None, is_demo: bool) -> str:
    if file is not None:
        return file.read_text("utf-8").rstrip("\n")
    if is_demo:
        return make_passphrase_file(settings.passphrase_file)
    typed: str = typer.prompt(
        text("prompt.new_service_passphrase"),
        hide_input=True,
        confirmation_prompt=True,
        err=True,
    )
    return typed
