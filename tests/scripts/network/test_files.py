"""What `carbonledger network besu` writes, as people run it."""

import json
import stat
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from coincurve import PrivateKey

from identity.keccak import keccak256
from scripts.cli import main
from tests.scripts.conftest import Done
from tests.scripts.network.facts import FACTS

COURIER = "0x" + "11" * 20
HOSTS = [f"--host=10.0.0.{number}" for number in range(1, 5)]
SHARED = {"genesis.json", "static-nodes.json", "permissions_config.toml"}
Write = Callable[..., Done]


@pytest.fixture
def write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Write:
    """`network besu` into `net`, and how it ended."""

    def run(*arguments: str) -> Done:
        place = ["--dir", str(tmp_path / "net")]
        monkeypatch.setattr(sys, "argv", ["carbonledger", "network", "besu", *place, *arguments])
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run


@pytest.fixture
def net(write: Write, tmp_path: Path) -> Path:
    """A network of four on four machines with one courier."""
    assert write("--validators=4", *HOSTS, f"--courier={COURIER}").code == 0
    return tmp_path / "net"


def _folders(net: Path) -> list[Path]:
    return sorted(net.glob("validator-*"))


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _unit(folder: Path) -> dict[str, str]:
    """The settings of the unit file, lines that go on joined."""
    (file,) = folder.glob("*.service")
    lines = file.read_text("utf-8").replace("\\\n", " ").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _command(folder: Path) -> list[str]:
    return _unit(folder)["ExecStart"].split()


def test_write_network_keeps_private_keys_private_when_files_are_made(net: Path) -> None:
    modes = {stat.S_IMODE((folder / "key").stat().st_mode) for folder in _folders(net)}
    folders = {stat.S_IMODE(folder.stat().st_mode) for folder in [net, *_folders(net)]}
    assert (len(_folders(net)), modes, folders) == (4, {0o600}, {0o700})


def test_write_network_puts_private_keys_nowhere_else_when_files_are_searched(net: Path) -> None:
    keys = [(folder / "key").read_text("ascii")[2:] for folder in _folders(net)]
    others = [file for file in net.rglob("*") if file.is_file() and file.name != "key"]
    assert [file for file in others for key in keys if key in file.read_text("utf-8")] == []


def test_write_network_matches_key_address_and_enode_when_they_are_recomputed(net: Path) -> None:
    enodes = _json(net / "static-nodes.json")
    for folder, enode in zip(_folders(net), enodes, strict=True):
        key = (folder / "key").read_text("ascii")
        assert len(key) == 66 and key.startswith("0x")  # one line, as Besu stores it
        point = PrivateKey(bytes.fromhex(key[2:])).public_key.format(compressed=False)[1:]
        host = f"10.0.0.{folder.name[-1]}"
        assert (folder / "key.pub").read_text("ascii") == "0x" + point.hex()
        assert (folder / "address").read_text("ascii") == "0x" + keccak256(point)[12:].hex()
        assert enode == f"enode://{point.hex()}@{host}:30303"


def test_write_network_names_its_validators_in_genesis_when_addresses_are_read(net: Path) -> None:
    addresses = sorted((folder / "address").read_text("ascii")[2:] for folder in _folders(net))
    assert (
        "".join("94" + address for address in addresses) in _json(net / "genesis.json")["extraData"]
    )


def test_write_network_permits_nodes_and_couriers_when_the_file_is_parsed(net: Path) -> None:
    written = _toml(net / "permissions_config.toml")
    documented = tomllib.loads(FACTS["permissions"]["toml"])
    assert set(written) == set(documented)
    assert written["accounts-allowlist"] == [COURIER]
    assert written["nodes-allowlist"] == _json(net / "static-nodes.json")


def test_write_network_starts_the_same_in_a_container_when_the_unit_is_compared(
    net: Path,
) -> None:
    services = yaml.safe_load((net / "compose.yaml").read_text("utf-8"))["services"]
    assert list(services) == [folder.name for folder in _folders(net)]
    for folder in _folders(net):
        program, *flags = _command(folder)
        assert (program, services[folder.name]["command"]) == ("/opt/besu/bin/besu", flags)


def test_write_network_mounts_what_the_options_name_when_it_is_a_container(net: Path) -> None:
    service = yaml.safe_load((net / "compose.yaml").read_text("utf-8"))["services"]["validator-1"]
    sources, targets = zip(*(one.split(":")[:2] for one in service["volumes"]), strict=True)
    assert all((net / source).exists() for source in sources)
    assert {f"./{name}" for name in SHARED} < set(sources)
    paths = [flag.split("=")[1] for flag in service["command"] if "=/" in flag]
    assert [path for path in paths if not path.startswith(targets)] == []


def test_write_network_gives_the_unit_its_own_data_when_it_runs_as_besu(net: Path) -> None:
    for folder in _folders(net):
        unit = _unit(folder)
        assert (unit["User"], unit["StateDirectory"]) == ("besu", f"besu/{folder.name}")
        assert f"--data-path=/var/lib/{unit['StateDirectory']}" in _command(folder)
        assert f"--p2p-host=10.0.0.{folder.name[-1]}" in _command(folder)


def test_write_network_is_refused_when_the_directory_is_not_empty(
    write: Write, tmp_path: Path
) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "mine").write_text("mine", "utf-8")
    done = write("--validators=4", "--json")
    problem = json.loads(done.err)
    assert (done.code, done.out, problem["code"]) == (3, "", "DirectoryNotEmpty")
    assert (problem["facts"], bool(problem["next"])) == ({"path": str(tmp_path / "net")}, True)
    assert [file.name for file in (tmp_path / "net").iterdir()] == ["mine"]


def test_write_network_tells_one_document_when_json_is_asked(write: Write, tmp_path: Path) -> None:
    done = write("--validators=4", "--chain-id=4711", f"--courier={COURIER}", "--json")
    told = json.loads(done.out)
    assert (told["directory"], told["chain_id"]) == (str(tmp_path / "net"), 4711)
    assert (told["failures_max"], told["couriers"], done.err) == (1, [COURIER], "")
    enodes = [one["enode"] for one in told["validators"]]
    assert enodes == _json(tmp_path / "net" / "static-nodes.json")
    assert told["validators"][3]["rpc"] == "http://127.0.0.1:8548"


def test_write_network_draws_a_chain_id_of_53_bits_when_none_is_given(
    write: Write, tmp_path: Path
) -> None:
    first = json.loads(write("--validators=1", "--json").out)["chain_id"]
    (tmp_path / "net").rename(tmp_path / "other")
    second = json.loads(write("--validators=1", "--json").out)["chain_id"]
    assert (first.bit_length(), second.bit_length(), first == second) == (53, 53, False)
    assert _json(tmp_path / "net" / "genesis.json")["config"]["chainId"] == second


def test_write_network_warns_even_quietly_when_it_tolerates_no_fault(write: Write) -> None:
    told = write("--validators=3", f"--courier={COURIER}", "--quiet").err
    assert told.startswith("Warning: 3 validators tolerate no faulty one") and "\n" in told
    assert told.count("\n") == 1


def test_write_network_warns_when_any_account_may_send(write: Write) -> None:
    assert "without --courier any account may send" in write("--validators=4").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--validators=0"], "--validators"),
        (["--validators=26"], "--validators"),
        (["--validators=2", "--host=10.0.0.1"], "one for each validator (2)"),
        (["--validators=1", "--host=node.example"], "node.example is no IPv4 address"),
        (["--validators=1", "--host=0.0.0.0"], "0.0.0.0 is no IPv4 address"),
        (["--validators=1", "--courier=0x12"], "0x12 is no address"),
        (["--validators=1", "--chain-id=9007199254740992"], "--chain-id"),
    ],
)
def test_write_network_tells_usage_when_a_value_cannot_be(
    write: Write, tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = write(*arguments)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize(
    ("language", "word"), [("en", "Start each validator"), ("zh", "启动验证者")]
)
def test_write_network_says_the_next_steps_when_a_language_is_asked(
    write: Write, tmp_path: Path, language: str, word: str
) -> None:
    write("--validators=4", "--lang", language)
    readme = (tmp_path / "net" / "README.txt").read_text("utf-8")
    assert word in readme and "{" not in readme.replace('{"jsonrpc"', "")
    steps = ["besu-validator-1", "docker compose up", "--profile rpc --rpc", "carbonledger serve"]
    assert [step for step in steps if step not in readme] == []
