"""Forge compiles with the compiler and the settings of every other tool."""

import json
import tomllib

from scripts.compile import ROOT


def test_read_forge_settings_equal_the_compilers_when_compared() -> None:
    forge = tomllib.loads((ROOT / "foundry.toml").read_text("utf-8"))["profile"]["default"]
    given = json.loads((ROOT / "contracts" / "settings.json").read_text("utf-8"))["settings"]
    assert given == {
        "viaIR": forge["via_ir"],
        "optimizer": {"enabled": forge["optimizer"], "runs": forge["optimizer_runs"]},
        "evmVersion": forge["evm_version"],
        "metadata": {"bytecodeHash": forge["bytecode_hash"], "appendCBOR": forge["cbor_metadata"]},
    }
    assert (forge["solc"], forge["offline"]) == ("scripts/solc", True)
