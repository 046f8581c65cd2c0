"""Trees of RFC 6962 against published vectors, and the evidence roots built from them."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.evidence.merkle import (
    PathMalformed,
    TreeEmpty,
    facility_root,
    leaf,
    leaf_hash,
    month_tree,
    path,
    root,
    root_from_path,
    salt,
)
from ledger.evidence.readings import MonthOfReadings, parse_month
from ledger.period import Period

# Test vectors of the Certificate Transparency reference implementation (merkle_tree_test)
LEAVES = [
    leaf_hash(bytes.fromhex(data))
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
KNOWN = json.loads((Path(__file__).parent / "known_roots.json").read_text())
HASHES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)


def known_month() -> MonthOfReadings:
    """The month behind known_roots.json, by our own reader."""
    stamps = (
        f"2024-02-{index // 24 + 1:02}T{index % 24:02}:00:00+08:00" for index in range(29 * 24)
    )
    rows = [f"{stamp},{index % 97}.{index % 10}" for index, stamp in enumerate(stamps)]
    data = "\n".join(["stamp,quantity", *rows]).encode()
    return parse_month(data, period=Period(202402), step_seconds=3600)


@pytest.mark.parametrize("size", range(1, 9))
def test_root_equals_the_published_one_when_the_tree_has_that_size(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "siblings"), PATHS)
def test_path_equals_the_published_one_when_the_leaf_is_in_the_tree(
    index: int, size: int, siblings: list[str]
) -> None:
    assert [sibling.hex() for sibling in path(LEAVES[:size], index)] == siblings


@given(HASHES, st.data())
def test_path_leads_to_the_root_when_it_starts_at_its_leaf(
    hashes: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(hashes) - 1))
    siblings = path(hashes, index)
    climbed = root_from_path(hashes[index], index=index, size=len(hashes), siblings=siblings)
    assert climbed == root(hashes)


@given(HASHES, st.data())
def test_path_leads_elsewhere_when_one_bit_differs(
    hashes: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(hashes) - 1))
    siblings = list(path(hashes, index))
    place = data.draw(st.integers(0, len(siblings)))
    entries = [hashes[index], *siblings]
    entries[place] = bytes([entries[place][0] ^ 1]) + entries[place][1:]
    climbed = root_from_path(entries[0], index=index, size=len(hashes), siblings=entries[1:])
    assert climbed != root(hashes)


@pytest.mark.parametrize("steps", [0, 2, 4])
def test_root_from_path_refuses_when_the_path_has_another_length(steps: int) -> None:
    siblings = LEAVES[:steps]
    with pytest.raises(PathMalformed) as refusal:
        root_from_path(LEAVES[0], index=0, size=8, siblings=siblings)
    assert refusal.value.facts == {"index": 0, "size": 8, "steps": steps}


@pytest.mark.parametrize("index", [-1, 8])
def test_root_from_path_refuses_when_the_tree_has_no_such_leaf(index: int) -> None:
    with pytest.raises(PathMalformed):
        root_from_path(LEAVES[0], index=index, size=8, siblings=LEAVES[:3])


@pytest.mark.parametrize("index", [-1, 8])
def test_path_refuses_when_the_tree_has_no_such_leaf(index: int) -> None:
    with pytest.raises(PathMalformed) as refusal:
        path(LEAVES, index)
    assert refusal.value.facts == {"index": index, "size": 8, "steps": 0}


def test_root_refuses_when_there_is_no_leaf() -> None:
    with pytest.raises(TreeEmpty):
        root([])


def test_leaf_is_salt_and_text_when_written() -> None:
    data = leaf(bytes(32), meter="88.1/M", stamp="S", quantity="0.50", unit="kWh")
    assert data == bytes(32) + b"88.1/M|S|0.50|kWh"


def test_salt_equals_the_known_one_when_made_from_seed_and_index() -> None:
    # HMAC-SHA256 with a key of 32 zero bytes over eight bytes, by OpenSSL
    assert salt(bytes(32), 258).hex() == KNOWN["salt_of_zero_seed_at_258"]


def test_month_tree_equals_the_independent_one_when_the_month_is_known() -> None:
    seed = bytes.fromhex(KNOWN["seed"])
    tree = month_tree(known_month(), meter=KNOWN["meters"][0], unit=KNOWN["unit"], seed=seed)
    assert tree.root.hex() == KNOWN["month_roots"][0]
    assert (tree.leaves, len(tree.day_roots)) == (696, 29)


def test_facility_root_equals_the_independent_one_when_the_month_is_known() -> None:
    roots = [bytes.fromhex(month_root) for month_root in KNOWN["month_roots"]]
    digests = [bytes.fromhex(entry) for entry in KNOWN["digests"]]
    meter_roots = dict(zip(KNOWN["meters"], roots, strict=True))
    assert facility_root(meter_roots, digests).hex() == KNOWN["facility_root"]


def test_facility_root_is_still_a_tree_when_there_is_one_meter() -> None:
    assert facility_root({"88.1/M": bytes(32)}, []) == leaf_hash(bytes(32))


@given(st.permutations(range(4)))
def test_facility_root_is_the_same_when_entries_come_in_another_order(order: list[int]) -> None:
    meters = {f"88.1/M{place}": bytes([place]) * 32 for place in range(4)}
    shuffled = {f"88.1/M{place}": meters[f"88.1/M{place}"] for place in order}
    digests = [bytes([place + 9]) * 32 for place in order]
    assert facility_root(shuffled, digests) == facility_root(meters, sorted(digests))


def test_facility_root_refuses_when_nothing_is_committed_to() -> None:
    with pytest.raises(TreeEmpty):
        facility_root({}, [])


@pytest.mark.parametrize(
    "changes",
    [{"meter": "88.1/N"}, {"unit": "MWh"}, {"seed": b"\x01" * 32}],
)
def test_month_root_differs_when_meter_unit_or_seed_differ(changes: dict[str, Any]) -> None:
    given_month = MonthOfReadings(
        Period(202402), 86_400, ("2024-02-01T00:00:00+08:00",), ("1",), Decimal(1)
    )
    facts: dict[str, Any] = {"meter": "88.1/M", "unit": "kWh", "seed": bytes(32)}
    one = month_tree(given_month, **facts)
    assert month_tree(given_month, **{**facts, **changes}).root != one.root
