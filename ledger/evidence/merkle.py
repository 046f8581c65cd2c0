"""Merkle trees of RFC 6962 with SHA-256, and what a facility's evidence root commits to.

Reading → day → month → facility: the root of each tree is a leaf of the next.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger.errors import DoorRefusal
from ledger.evidence.readings import MonthOfReadings

SECONDS_PER_DAY = 86_400

_LEAF = b"\x00"  # RFC 6962, 2.1: the domain of leaves
_NODE = b"\x01"  # RFC 6962, 2.1: the domain of inner nodes
_HASH_BYTES = 32


@dataclass(eq=False)
class TreeEmpty(DoorRefusal):
    """A root commits to one leaf at least."""


@dataclass(eq=False)
class PathMalformed(DoorRefusal):
    """An inclusion path that no tree of this size has for this leaf."""

    index: int
    size: int
    steps: int


@dataclass(frozen=True, slots=True)
class MonthTree:
    """One meter's month: 32-byte roots of its days, root over them, count of readings."""

    day_roots: tuple[bytes, ...]
    root: bytes
    leaves: int


def leaf_hash(data: bytes) -> bytes:
    """The 32-byte hash under which `data` stands in a tree."""
    return hashlib.sha256(_LEAF + data).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The 32-byte tree head over leaf hashes. Raises TreeEmpty."""
    level = _checked(leaf_hashes)
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def path(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The siblings that lead from leaf `index` (from 0) to the root, lowest first.

    Raises TreeEmpty; PathMalformed when the tree has no such leaf.
    """
    level = _checked(leaf_hashes)
    if not 0 <= index < len(level):
        raise PathMalformed(index, len(level), 0)
    siblings = []
    while len(level) > 1:
        if index ^ 1 < len(level):
            siblings.append(level[index ^ 1])
        level, index = _parents(level), index // 2
    return tuple(siblings)


def sided_path(leaf_hashes: Sequence[bytes], index: int) -> tuple[tuple[bool, bytes], ...]:
    """The path of leaf `index`, each sibling with whether it stands left of the way up.

    Whoever climbs it needs neither index nor size, and every part of it changes the root.
    """
    sides = _sides(index, len(leaf_hashes))
    return tuple(zip(sides, path(leaf_hashes, index), strict=True))


def root_from_path(leaf: bytes, *, index: int, size: int, siblings: Sequence[bytes]) -> bytes:
    """The root of the tree of `size` leaves whose leaf hash `index` has that path.

    Raises PathMalformed (RFC 9162, 2.1.3.2: a path too short or too long proves nothing).
    """
    sides = list(_sides(index, size)) if 0 <= index < size else None
    if sides is None or len(siblings) != len(sides):
        raise PathMalformed(index, size, len(siblings))
    node = leaf
    for sibling, is_left in zip(siblings, sides, strict=True):
        node = _node_hash((sibling, node) if is_left else (node, sibling))
    return node


def salt(seed: bytes, index: int) -> bytes:
    """The 32-byte salt of reading `index` (from 0) of a meter's month."""
    return hmac.digest(seed, index.to_bytes(8, "big"), "sha256")


def leaf(salt: bytes, *, meter: str, stamp: str, quantity: str, unit: str) -> bytes:
    """The bytes of one reading that its day's tree commits to; quantity as in the file."""
    return salt + f"{meter}|{stamp}|{quantity}|{unit}".encode()


def month_tree(month: MonthOfReadings, *, meter: str, unit: str, seed: bytes) -> MonthTree:
    """The trees over one meter's month; `meter` is its full identifier, `seed` 32 bytes."""
    assert len(seed) == _HASH_BYTES, "a seed has 32 bytes"
    hashes = [
        leaf_hash(leaf(salt(seed, index), meter=meter, stamp=stamp, quantity=quantity, unit=unit))
        for index, (stamp, quantity) in enumerate(zip(month.stamps, month.quantities, strict=True))
    ]
    per_day = SECONDS_PER_DAY // month.step_seconds
    day_roots = tuple(
        root(hashes[first : first + per_day]) for first in range(0, len(hashes), per_day)
    )
    return MonthTree(day_roots, root([leaf_hash(day) for day in day_roots]), len(hashes))


def facility_root(meter_roots: Mapping[str, bytes], digests: Collection[bytes]) -> bytes:
    """The root that evidence anchors: month roots by meter identifier, then sorted digests.

    `digests` names the month's documents and deliveries, 32 bytes each. Raises TreeEmpty.
    """
    return root(facility_leaves(meter_roots, digests))


def facility_leaves(meter_roots: Mapping[str, bytes], digests: Collection[bytes]) -> list[bytes]:
    """The leaf hashes of the tree under a facility's root, in order."""
    committed = [meter_roots[meter] for meter in sorted(meter_roots)] + sorted(digests)
    return [leaf_hash(entry) for entry in committed]


def _checked(leaf_hashes: Sequence[bytes]) -> list[bytes]:
    if not leaf_hashes:
        raise TreeEmpty
    assert all(len(entry) == _HASH_BYTES for entry in leaf_hashes), "a leaf hash has 32 bytes"
    return list(leaf_hashes)


def _parents(level: list[bytes]) -> list[bytes]:
    """The level above; an odd last node rises unchanged, as RFC 6962's split implies."""
    parents = [_node_hash(pair) for pair in zip(level[::2], level[1::2], strict=False)]
    return parents + level[-1:] if len(level) % 2 else parents


def _node_hash(pair: tuple[bytes, bytes]) -> bytes:
    return hashlib.sha256(_NODE + pair[0] + pair[1]).digest()


def _sides(index: int, size: int) -> Iterator[bool]:
    """Whether each sibling on the way up stands left of the node, lowest first."""
    last = size - 1
    while last > 0:
        if index % 2 == 1:
            yield True
        elif index < last:
            yield False
        index, last = index // 2, last // 2
