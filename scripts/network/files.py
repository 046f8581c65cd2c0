"""The directory of a Besu network: what every machine shares, and a folder for each validator."""

import json
import os
from pathlib import Path

from ledger.errors import DirectoryNotEmpty
from scripts.network.besu import CONFIGURATION, DATA, VERSION, Network, Validator, genesis, options

_IMAGE = f"hyperledger/besu:{VERSION}"
_SHARED = ("genesis.json", "static-nodes.json", "permissions_config.toml")
_UNIT = """\
[Unit]
Description=Besu {name} of chain {chain_id} (QBFT)
Wants=network-online.target
After=network-online.target

[Service]
User=besu
Group=besu
UMask=0077
StateDirectory=besu/{name}
StateDirectoryMode=0700
ExecStart=/opt/besu/bin/besu \\
  {options}
Restart=on-failure
RestartSec=5
LimitNOFILE=65536
NoNewPrivileges=true
PrivateTmp=true
ProtectHome=true
ProtectSystem=strict

[Install]
WantedBy=multi-user.target
"""


def write_network(directory: Path, network: Network, *, readme: str) -> None:
    """Everything into an empty directory; raises DirectoryNotEmpty."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise DirectoryNotEmpty(str(directory))
    enodes = [validator.enode for validator in network.validators]
    _write(directory / "genesis.json", _json(genesis(network)))
    _write(directory / "static-nodes.json", _json(enodes))
    _write(directory / "permissions_config.toml", _permissions(network, enodes))
    _write(directory / "compose.yaml", _compose(network))
    _write(directory / "README.txt", readme)
    for validator in network.validators:
        _write_validator(directory / validator.name, network, validator)


def unit_name(validator: Validator) -> str:
    """The name of its service under systemd."""
    return f"besu-{validator.name}.service"


def _write_validator(folder: Path, network: Network, validator: Validator) -> None:
    folder.mkdir(mode=0o700)
    # As Besu stores it: one line, 0x and 64 digits.
    _write(folder / "key", "0x" + validator.private_key.hex(), mode=0o600)
    _write(folder / "key.pub", "0x" + validator.public_key.hex())
    _write(folder / "address", "0x" + validator.address.hex())
    _write(folder / unit_name(validator), _unit(network, validator))


def _write(path: Path, content: str, *, mode: int = 0o644) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _permissions(network: Network, enodes: list[str]) -> str:
    """TOML of two lists; a list of plain strings is the same in TOML as in JSON."""
    couriers = ["0x" + address.hex() for address in network.couriers]
    return f"accounts-allowlist={json.dumps(couriers)}\n\nnodes-allowlist={json.dumps(enodes)}\n"


def _unit(network: Network, validator: Validator) -> str:
    return _UNIT.format(
        name=validator.name,
        chain_id=network.chain_id,
        options=" \\\n  ".join(options(network, validator)),
    )


def _compose(network: Network) -> str:
    lines = ["services:"]
    for validator in network.validators:
        lines += _service(network, validator)
    return "\n".join(lines) + "\n"


def _service(network: Network, validator: Validator) -> list[str]:
    """On the host's network: enodes name its address, and RPC stays on its loopback."""
    volumes = [f"./{file}:{CONFIGURATION}/{file}:ro" for file in _SHARED]
    volumes.append(f"./{validator.name}:{DATA}/{validator.name}")
    return [
        f"  {validator.name}:",
        f"    image: {_IMAGE}",
        "    network_mode: host",
        "    restart: unless-stopped",
        "    stop_grace_period: 1m",
        "    volumes:",
        *(f'      - "{volume}"' for volume in volumes),
        "    command:",
        *(f'      - "{option}"' for option in options(network, validator)),
    ]
