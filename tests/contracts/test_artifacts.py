"""Committed code, ABI and bindings are what the sources give, with any of the tools."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from ledger.chain import bindings
from ledger.chain.bindings import CONTRACTS, MESSAGES
from scripts.bind import BINDINGS, bindings_text
from scripts.compile import ROOT, compile_contracts, text_of
from tests.contracts.acts import act_id
from tests.contracts.builders import build
from tests.contracts.world import World

CODE_LIMIT = 24_576  # EIP-170
HARDHAT = ROOT / "node_modules" / ".bin" / "hardhat"


def test_read_bindings_finds_them_fresh_when_generated_again() -> None:
    assert BINDINGS.read_text("utf-8") == bindings_text()


# Two whole compilations by a compiler in WebAssembly take twenty seconds each.
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_compile_gives_committed_code_when_solcx_and_hardhat_run(tmp_path: Path) -> None:
    hardhat = _start_hardhat(tmp_path)
    compiled = compile_contracts()
    differing = [
        path.name
        for path, artifact in compiled.items()
        if path.read_text("utf-8") != text_of(artifact)
    ]
    assert (differing, {path.stem for path in compiled} >= set(CONTRACTS)) == ([], True)
    output, _ = hardhat.communicate()
    assert hardhat.returncode == 0, output
    assert _hardhat_code(tmp_path) == {
        path.stem: artifact["bytecode"]
        for path, artifact in compiled.items()
        if path.stem in CONTRACTS
    }


def _start_hardhat(folder: Path) -> subprocess.Popen[str]:
    """Hardhat compiling a copy of the contracts, away from its caches, test contracts aside."""
    for name in ("hardhat.config.js", "package.json"):
        shutil.copy(ROOT / name, folder / name)
    ignored = shutil.ignore_patterns("test")
    shutil.copytree(ROOT / "contracts", folder / "contracts", ignore=ignored)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return subprocess.Popen(
        [str(HARDHAT), "compile"],
        cwd=folder,
        env=os.environ | {"HARDHAT_DISABLE_TELEMETRY_PROMPT": "true", "CI": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _hardhat_code(folder: Path) -> dict[str, str]:
    """Creation code by contract, as hardhat compiled it."""
    found = folder / "cache" / "hardhat-artifacts" / "contracts"
    paths = [found / f"{contract}.sol" / f"{contract}.json" for contract in CONTRACTS]
    return {path.stem: json.loads(path.read_text("utf-8"))["bytecode"] for path in paths}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_deploy_contract_fits_limit_when_code_is_measured(world: World, contract: str) -> None:
    assert 0 < len(world.evm.code(world.contracts[contract])) < CODE_LIMIT


@pytest.mark.parametrize("contract", CONTRACTS)
def test_read_artifact_names_settings_when_it_is_committed(contract: str) -> None:
    path = ROOT / "ledger" / "chain" / "artifacts" / f"{contract}.json"
    artifact = json.loads(path.read_text("utf-8"))
    settings = json.loads((ROOT / "contracts" / "settings.json").read_text("utf-8"))
    assert artifact["contract"] == contract
    assert (artifact["compiler"], artifact["settings"]) == (
        settings["version"],
        settings["settings"],
    )


def _constants(library: str) -> dict[str, int]:
    """The constants of a library as this test reads the source, line by line."""
    lines = (ROOT / "contracts" / "types" / "Codes.sol").read_text("utf-8").splitlines()
    begin = lines.index(f"library {library} {{")
    body = lines[begin : lines.index("}", begin)]
    words = [line.split() for line in body if " constant " in line]
    return {word[-3]: int(word[-1].rstrip(";")) for word in words}


@pytest.mark.parametrize(
    "library",
    [
        "Kinds",
        "Standings",
        "Rights",
        "Schemes",
        "Ties",
        "Sectors",
        "Stages",
        "Opinions",
        "Instruments",
        "Buckets",
    ],
)
def test_read_codes_equal_the_source_when_bound(library: str) -> None:
    codes = getattr(bindings, library.upper())
    assert codes == _constants(library)
    assert len(set(codes.values())) == len(codes)


def test_read_codes_cover_every_library_when_source_is_listed() -> None:
    source = (ROOT / "contracts" / "types" / "Codes.sol").read_text("utf-8")
    names = re.findall(r"^library (\w+)", source, re.MULTILINE)
    assert [name for name in names if not hasattr(bindings, name.upper())] == []


def test_bind_messages_sends_each_once_when_listed() -> None:
    verbs = [(message["contract"], message["verb"]) for message in MESSAGES.values()]
    assert len(set(verbs)) == len(MESSAGES) == 19


@pytest.mark.parametrize("kind", sorted(MESSAGES))
def test_hash_message_equals_independent_encoder_when_contract_does_it(
    world: World, kind: str
) -> None:
    harness = world.deploy("MessageHashes", [], []).created
    follows = {"follows": bytes(32)} if "follows" in _names(kind) else {}
    message = build(world, kind, **follows)
    type_ = f"({','.join(type_ for _, type_ in MESSAGES[kind]['fields'])})[]"
    data = keccak(text=f"hash{kind}({type_})")[:4] + encode([type_], [[tuple(message.values())]])
    output = world.evm.call(harness, data, sender=bytes(20))
    assert output[-32:-1] + b"\0" == act_id(kind, message)


def _names(kind: str) -> set[str]:
    return {name for name, _ in MESSAGES[kind]["fields"]}
