"""`carbonledger init`: contracts, service keys and manifest of a new ledger."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.fields import hex_text
from identity.identifier import parse_identifier
from ledger.chain.bindings import CONTRACTS
from ledger.clock import Clock, RealClock
from ledger.directory import DirectoryLock, require_empty
from ledger.founding import FoundingPlan, found
from ledger.service_keys import make_passphrase_file, make_service_keys
from ledger.settings import Settings
from ledger.store.manifest import Manifest
from scripts.commands.options import DEFAULT_DIRECTORY, AsJson, Directory, PassphraseFile
from scripts.commands.serve import scripted_clock
from scripts.output import print_json, say

_FOUNDERS_MIN = 3
_RECOVERY_DELAY_SECONDS = 72 * 3600


def init(
    founder: Annotated[
        list[str], typer.Option(help="Address of a founder, 0x and 40 digits; three or more.")
    ],
    directory: Directory = DEFAULT_DIRECTORY,
    root: Annotated[str, typer.Option(help="The root of the identifier tree.")] = "88",
    recovery_delay: Annotated[
        int, typer.Option(help="Seconds before a new person of a keyed participant may act.")
    ] = _RECOVERY_DELAY_SECONDS,
    passphrase_file: PassphraseFile = None,
    demo: Annotated[bool, typer.Option(help="A demo's ledger: its time may be scripted.")] = False,
    clock: Annotated[Path | None, typer.Option(help="A demo's scripted time.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a new ledger in an empty directory.

    Example: carbonledger init --dir data --founder 0x1111111111111111111111111111111111111111
    --founder 0x2222222222222222222222222222222222222222
    --founder 0x3333333333333333333333333333333333333333
    """
    if len(set(founder)) < _FOUNDERS_MIN:
        raise typer.BadParameter("three different founders or more", param_hint="--founder")
    if clock is not None and not demo:
        raise typer.BadParameter("only a demo's time is scripted", param_hint="--clock")
    settings = Settings(directory)
    plan = FoundingPlan(
        root=parse_identifier(root).name,
        founders=tuple(_address(one) for one in founder),
        recovery_delay_seconds=recovery_delay,
        is_demo=demo,
    )
    time: Clock = scripted_clock(clock) if clock is not None else RealClock()
    lock = DirectoryLock(directory)
    require_empty(directory)
    keys = make_service_keys(
        settings.keys, passphrase=_new_passphrase(settings, passphrase_file, demo)
    )
    manifest = found(directory, plan, keys=keys, clock=time)
    lock.release()
    if as_json:
        print_json({"directory": str(directory)} | _shown(manifest))
        return
    say(f"A ledger lives in {directory}. Next: carbonledger serve --dir {directory}")
    say(
        f"Until the founders register {plan.root}/EMISSIONS and add its address as key, "
        "no report can be confirmed."
    )


def _shown(manifest: Manifest) -> dict[str, Any]:
    contracts = {name: hex_text(manifest.address_of(name)) for name in CONTRACTS}
    service_key = hex_text(manifest.service_key)
    return {"chain_id": manifest.chain_id, "contracts": contracts, "service_key": service_key}


def _address(text: str) -> bytes:
    try:
        address = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        address = b""
    if len(address) != 20:
        raise typer.BadParameter(f"{text[:50]} is no address", param_hint="--founder")
    return address


def _new_passphrase(settings: Settings, file: Path | None, is_demo: bool) -> str:
    if file is not None:
        return file.read_text("utf-8").rstrip("\n")
    if is_demo:
        return make_passphrase_file(settings.passphrase_file)
    typed: str = typer.prompt(
        "New passphrase for the service's keys", hide_input=True, confirmation_prompt=True, err=True
    )
    return typed
