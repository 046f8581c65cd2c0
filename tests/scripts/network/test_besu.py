"""A Besu network is what Besu's documents and sources say: Besu itself is not run here."""

from dataclasses import replace
from typing import Any

import pytest
import rlp

from identity.keys import address_of, generate_key
from scripts.network.besu import Network, Validator, extra_data, genesis, make_validators, options
from tests.scripts.network.facts import FACTS, bytes_of

COURIER = bytes.fromhex("11" * 20)
EXAMPLES = FACTS["extra_data"]
DOCUMENTED_KEYS = FACTS["accounts"]["address_by_private_key"]


def a_network(hosts: tuple[str, ...] = ("10.0.0.1", "10.0.0.2"), **others: Any) -> Network:
    valid = Network(chain_id=4_711, validators=make_validators(hosts), couriers=(COURIER,))
    return replace(valid, **others)


def _keys(section: str) -> set[str]:
    return set(FACTS[section]["keys"]) | set(FACTS[section].get("members", []))


def _lower(values: dict[str, Any]) -> set[str]:
    """Besu reads names of genesis items without regard to case."""
    return {name.lower() for name in values}


@pytest.mark.parametrize("name", EXAMPLES)
def test_encode_extra_data_gives_the_documents_bytes_when_validators_are_theirs(name: str) -> None:
    addresses = [bytes_of(address) for address in EXAMPLES[name]["addresses"]]
    assert extra_data(addresses) == bytes_of(EXAMPLES[name]["hex"])


def test_encode_extra_data_gives_the_same_bytes_when_a_genesis_of_the_documents_is_decoded() -> (
    None
):
    encoded = bytes_of(FACTS["genesis_extra_data"]["hex"])
    addresses = rlp.decode(encoded)[1]
    assert (len(addresses), extra_data(addresses)) == (4, encoded)


def test_encode_extra_data_fills_the_places_of_the_codec_when_a_sealed_block_is_compared() -> None:
    sealed = FACTS["sealed_extra_data"]
    vanity, validators, vote, round_number, seals = rlp.decode(bytes_of(sealed["hex"]))
    assert vanity == bytes_of(sealed["vanity"])
    assert validators == [bytes_of(address) for address in sealed["addresses"]]
    assert (vote, round_number) == (
        [bytes_of(one) for one in sealed["vote"]],
        bytes_of(sealed["round"]),
    )
    assert len(seals) == sealed["seals"]
    assert rlp.decode(extra_data(validators)) == [bytes(32), validators, [], b"", []]


def test_write_genesis_names_only_items_of_besu_when_its_sources_are_read() -> None:
    written = genesis(a_network())
    assert _lower(written) - _keys("genesis") == set()
    assert _lower(written["config"]) - _keys("genesis_config") == set()
    assert _lower(written["config"]["qbft"]) - _keys("qbft") == set()


def test_write_genesis_names_no_deprecated_item_when_blocks_are_empty() -> None:
    written = genesis(a_network())["config"]["qbft"]
    assert set(written) & set(FACTS["qbft"]["deprecated"]) == set()
    assert written["emptyblockperiodseconds"] > written["blockperiodseconds"]


def test_write_genesis_asks_no_fee_and_knows_cancun_when_the_first_block_comes() -> None:
    written = genesis(a_network())
    config = written["config"]
    forks = [config[name] for name in ("londonBlock", "shanghaiTime", "cancunTime")]
    assert (config["zeroBaseFee"], written["baseFeePerGas"], forks) == (True, "0x0", [0, 0, 0])
    assert (written["difficulty"], written["mixHash"]) == ("0x1", FACTS["mix_hash"]["hex"])


def test_write_genesis_names_the_validators_in_order_when_keys_are_random() -> None:
    network = a_network(("10.0.0.1",) * 7)
    named = rlp.decode(bytes_of(genesis(network)["extraData"]))[1]
    assert named == sorted(one.address for one in network.validators)
    assert len(set(named)) == 7


def test_choose_options_names_only_those_of_besu_when_its_sources_are_read() -> None:
    network = a_network()
    names = [one.partition("=")[0].removeprefix("--") for one in _first_options(network)]
    assert set(names) - set(FACTS["options"]["names"]) == set()
    assert len(names) == len(set(names))  # Besu refuses an option that is said twice.


def _first_options(network: Network) -> list[str]:
    return options(network, network.validators[0])


def test_choose_options_keeps_rpc_on_loopback_with_three_apis_when_a_node_starts() -> None:
    told = dict(one.removeprefix("--").split("=", 1) for one in _first_options(a_network()))
    assert (told["rpc-http-host"], told["rpc-http-api"]) == ("127.0.0.1", "ETH,NET,WEB3")
    assert set(told["host-allowlist"].split(",")) == {"localhost", "127.0.0.1"}
    assert (told["min-gas-price"], told["tx-pool"]) == ("0", "sequenced")


@pytest.mark.parametrize(("couriers", "enabled"), [((COURIER,), "true"), ((), "false")])
def test_choose_options_limits_accounts_when_couriers_are_given(
    couriers: tuple[bytes, ...], enabled: str
) -> None:
    told = _first_options(a_network(couriers=couriers))
    assert f"--permissions-accounts-config-file-enabled={enabled}" in told
    assert "--permissions-nodes-config-file-enabled=true" in told


def test_make_validators_gives_ports_of_their_own_when_they_share_a_host() -> None:
    made = make_validators(["127.0.0.1", "10.0.0.1", "127.0.0.1"])
    assert [(one.name, one.p2p_port, one.rpc_port) for one in made] == [
        ("validator-1", 30303, 8545),
        ("validator-2", 30303, 8545),
        ("validator-3", 30304, 8546),
    ]


def test_make_validators_gives_each_a_key_when_none_is_handed_in() -> None:
    assert len({one.private_key for one in make_validators(["127.0.0.1"] * 4)}) == 4


@pytest.mark.parametrize("private_key", DOCUMENTED_KEYS)
def test_name_validator_gives_the_documents_address_when_the_key_is_theirs(
    private_key: str,
) -> None:
    validator = _validator(bytes.fromhex(private_key))
    assert validator.address.hex() == DOCUMENTED_KEYS[private_key]


def test_name_validator_shows_no_private_key_when_it_is_printed() -> None:
    key = generate_key()
    validator = _validator(key)
    assert key.hex() not in repr(validator) and repr(key) not in repr(validator)
    assert validator.address == address_of(key)


def _validator(private_key: bytes) -> Validator:
    return Validator("validator-1", "10.0.0.1", 30303, 8545, private_key)


@pytest.mark.parametrize(("count", "failures"), [(1, 0), (3, 0), (4, 1), (6, 1), (7, 2), (10, 3)])
def test_count_failures_gives_a_third_when_validators_are_counted(
    count: int, failures: int
) -> None:
    assert a_network(("127.0.0.1",) * count).failures_max == failures
