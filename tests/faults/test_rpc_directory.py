"""The machine's verbs on a directory whose chain and tables are elsewhere."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.fields import time_text
from ledger.backup.snapshot import back_up
from ledger.clock import RealClock
from ledger.diagnosis.diagnosis import diagnose
from ledger.diagnosis.place import Question
from ledger.errors import (
    BackupElsewhere,
    ChainRulesOld,
    ConnectionsMalformed,
    DeploymentRefused,
    DirectoryNotEmpty,
)
from ledger.settings import Connections, Settings, read_connections
from scripts.anvil import Anvil, anvil, free_port
from tests.faults.proxy import Faults, proxy_to
from tests.park import Park

pytestmark = pytest.mark.anvil


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with anvil(block_seconds=None) as running:
        yield running


def found_at(directory: Path, url: str, database: str | None) -> Park:
    connections = Connections(rpc_url=url, database_url=database)
    return Park(directory, connections=connections, start=time_text(int(time.time())))


@pytest.fixture
def park(chain: Anvil, database_url: str | None, tmp_path: Path) -> Park:
    made = found_at(tmp_path / "park", chain.url, database_url)
    made.close()
    return made


def defects(park: Park) -> list[str]:
    question = Question(
        Settings(park.directory),
        now=int(time.time()),
        port=free_port(),
        passphrase=(park.directory / "keys" / "passphrase").read_text("ascii"),
    )
    return [f"{one.check}.{one.cause}" for one in diagnose(question) if one.state == "bad"]


def test_ask_finds_no_defect_when_chain_and_tables_are_elsewhere(park: Park) -> None:
    assert defects(park) == []


def test_backup_is_refused_when_not_all_is_in_the_directory(park: Park, tmp_path: Path) -> None:
    with pytest.raises(BackupElsewhere):
        back_up(Settings(park.directory), tmp_path / "archive", clock=RealClock())


def test_init_writes_private_connections_when_the_chain_is_elsewhere(park: Park) -> None:
    file = Settings(park.directory).connections_file
    told = read_connections(park.directory)
    assert file.stat().st_mode & 0o777 == 0o600
    assert (told.checks_header_hashes, told.checks_receipts_roots) == (True, True)


def test_ask_finds_the_database_when_it_does_not_answer(
    chain: Anvil, database: str, tmp_path: Path
) -> None:
    park = found_at(tmp_path / "park", chain.url, database)
    park.close()
    file = Settings(park.directory).connections_file
    file.write_text(file.read_text().replace("test_", "gone_"))
    assert "database.unavailable" in defects(park)


def test_init_is_refused_when_the_database_holds_a_ledger(
    chain: Anvil, database: str, tmp_path: Path
) -> None:
    found_at(tmp_path / "first", chain.url, database).close()
    with pytest.raises(DirectoryNotEmpty):
        found_at(tmp_path / "second", chain.url, database)
    assert not Settings(tmp_path / "second").connections_file.exists()


def test_init_is_refused_when_the_chain_has_older_rules(chain: Anvil, tmp_path: Path) -> None:
    def lie(method: str, _params: object, told: object) -> object:
        return "0x" if method == "eth_call" else told

    with proxy_to(chain.port) as proxy:
        proxy.faults = Faults(lie=lie)
        with pytest.raises(ChainRulesOld):
            found_at(tmp_path / "park", proxy.url, None)


def test_init_is_refused_when_the_node_takes_no_contract(chain: Anvil, tmp_path: Path) -> None:
    with proxy_to(chain.port) as proxy:
        proxy.faults = Faults(missing=frozenset({"eth_sendRawTransaction"}))
        with pytest.raises(DeploymentRefused):
            found_at(tmp_path / "park", proxy.url, None)


@pytest.mark.parametrize(
    "content",
    ["[]", "{", '{"rpc_url": 7}', '{"finality_depth": "2"}', '{"colour": "red"}',
     '{"finality_depth": true}'],
)  # fmt: skip
def test_read_connections_is_refused_when_they_say_something_else(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "connections.json").write_text(content, "utf-8")
    with pytest.raises(ConnectionsMalformed):
        read_connections(tmp_path)
