"""`carbonledger network`: a chain of several validators, written out for who runs it."""

import secrets
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Annotated, Any

import typer

from api.fields import hex_text
from scripts.commands.options import AsJson, address_of, help_of
from scripts.network.besu import JAVA, LOOPBACK, VERSION, Network, make_validators
from scripts.network.files import write_network
from scripts.output import print_json, say, tell_line, text
from scripts.people.verbs import noun_app

app = noun_app("network")
_VALIDATORS_MAX = 25  # Besu keeps 25 peers unless it is told otherwise
_FAULT_TOLERANT_MIN = 4
_CHAIN_ID_MAX = 2**53 - 1  # the largest number that every JSON reader keeps whole
_ANYWHERE = IPv4Address(0)  # nobody can be met there
_EXAMPLE = (
    "--validators 4 --dir besu-network"
    " --host 10.0.0.1 --host 10.0.0.2 --host 10.0.0.3 --host 10.0.0.4"
    " --courier 0x1111111111111111111111111111111111111111"
)


@app.callback()
def _noun() -> None:
    """A group also while it has one verb."""


@app.command("besu", help=help_of("network besu", _EXAMPLE))
def besu(
    validators: Annotated[
        int, typer.Option(help=text("option.validators"), min=1, max=_VALIDATORS_MAX)
    ],
    directory: Annotated[Path, typer.Option("--dir", help=text("option.network_directory"))],
    host: Annotated[list[str] | None, typer.Option(help=text("option.host"))] = None,
    courier: Annotated[list[str] | None, typer.Option(help=text("option.courier"))] = None,
    chain_id: Annotated[
        int | None, typer.Option(help=text("option.chain_id"), min=1, max=_CHAIN_ID_MAX)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a network of Besu validators (QBFT) into an empty directory."""
    hosts = _hosts(host or [], validators)
    couriers = tuple(address_of(one, option="--courier") for one in courier or [])
    network = Network(chain_id or _random_chain_id(), make_validators(hosts), couriers)
    write_network(directory, network, readme=_readme(network))
    _warn(network)
    if as_json:
        print_json({"directory": str(directory)} | _shown(network))
        return
    say(text("network.made", path=directory, chain_id=network.chain_id))
    say(text("network.next", path=directory / "README.txt"))


def _hosts(given: list[str], count: int) -> list[str]:
    """One IPv4 address for each validator; without any, all are on this machine."""
    if not given:
        return [LOOPBACK] * count
    if len(given) != count:
        raise typer.BadParameter(text("usage.hosts", count=count), param_hint="--host")
    return [_host(one) for one in given]


def _host(given: str) -> str:
    # Besu takes no name as its own --p2p-host, and names in enodes are early access.
    try:
        address = IPv4Address(given)
    except AddressValueError:
        address = _ANYWHERE
    if address == _ANYWHERE:
        raise typer.BadParameter(text("usage.host", host=given[:50]), param_hint="--host")
    return str(address)


def _random_chain_id() -> int:
    """53 bits: what is signed for one installation is worth nothing in another."""
    return 2**52 + secrets.randbelow(2**52)


def _warn(network: Network) -> None:
    """What is weaker than it could be is told however quiet people want it."""
    if len(network.validators) < _FAULT_TOLERANT_MIN:
        tell_line(text("network.few", count=len(network.validators)))
    if not network.couriers:
        tell_line(text("network.open"))


def _readme(network: Network) -> str:
    first = network.validators[0]
    return text(
        "network.readme",
        chain_id=network.chain_id,
        count=len(network.validators),
        failures=network.failures_max,
        version=VERSION,
        java=JAVA,
        rpc=first.rpc,
        port=first.p2p_port,
    )


def _shown(network: Network) -> dict[str, Any]:
    shown = [
        {"name": one.name, "address": hex_text(one.address), "enode": one.enode, "rpc": one.rpc}
        for one in network.validators
    ]
    return {
        "chain_id": network.chain_id,
        "failures_max": network.failures_max,
        "validators": shown,
        "couriers": [hex_text(one) for one in network.couriers],
    }
