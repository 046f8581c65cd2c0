"""Check the proof of a report with nothing but the standard library of Python 3.11 or later.

usage: python3 check_proof.py FILE [--chain-id N] [--contract ADDRESS] [--key ADDRESS]

Recomputed: each act's EIP-712 digest (types as below, not the file's), its signer, that each names
the one before, back to the first, and a reading's way (RFC 9162) into the root that was signed.
Exit 0: it holds; 6: it does not; 2: usage. Hash: FIPS 202 (2015). Curve: SEC 2 v2 (2010), 2.4.1.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

FORMAT, BYTES_MAX, ACTS_MAX = "carbonledger-proof/1", 4 * 2**20, 1000
_ON_FIGURE = "bytes32 facility,uint32 period,bytes32 follows"
TYPES = {
    "Evidence": "uint32 month,bytes32 root,uint64 leaves",
    "Report": "uint64 directGrams,uint64 indirectGrams,bytes32 document,bytes32 rulePack",
    "Statement": "bytes32 verifier,uint8 opinion,uint64 verifiedGrams,bytes32 document",
    "Confirmation": "bytes32 authority,bytes32 account,uint64 tonnes",
    "Reopening": "bytes32 authority,bytes32 reason",
}
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
NAME = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10}){0,7}(/[A-Z0-9]([A-Z0-9._:-]{0,126}[A-Z0-9])?)?")
P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798
G_Y = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8


class Refused(Exception):
    """Why the file proves nothing."""


def require(holds: Any, reason: str) -> None:
    if not holds:
        raise Refused(reason)


def keccak256(data: bytes) -> bytes:
    rate, state = 136, [0] * 25
    padded = bytearray(data) + bytearray(rate - len(data) % rate)
    padded[len(data)] ^= 0x01
    padded[-1] ^= 0x80
    for start in range(0, len(padded), 8):
        state[start % rate // 8] ^= int.from_bytes(padded[start : start + 8], "little")
        if (start + 8) % rate == 0:
            state = _permuted(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _permuted(state: list[int]) -> list[int]:
    def turned(lane: int, by: int) -> int:
        return (lane << by | lane >> (64 - by)) & (2**64 - 1)

    register = 1
    for _ in range(24):
        column = [0] * 5
        for place, lane in enumerate(state):
            column[place % 5] ^= lane
        mixed = [column[x - 1] ^ turned(column[(x + 1) % 5], 1) for x in range(5)]
        state = [lane ^ mixed[place % 5] for place, lane in enumerate(state)]
        x, y, lane = 1, 0, state[1]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            place, by = x + 5 * y, (step + 1) * (step + 2) // 2 % 64
            state[place], lane = turned(lane, by), state[place]
        rows = [state[start : start + 5] for start in range(0, 25, 5)]
        state = [row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]) for row in rows for x in range(5)]
        for bit in range(7):
            state[0] ^= (register & 1) << (2**bit - 1)
            register = register << 1 ^ 0x171 * (register >> 7)
    return state


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % P == 0:
        return None
    rise, run = other[1] - one[1], other[0] - one[0]
    if run == 0:
        rise, run = 3 * one[0] ** 2, 2 * one[1]
    slope = rise * pow(run, -1, P)
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def _times(number: int, point: Any) -> Any:
    total = None
    for bit in bin(number % N)[2:]:
        total = _sum(_sum(total, total), point if bit == "1" else None)
    return total


def signer(digest: bytes, signature: bytes) -> bytes:
    """The address whose key signed: low s, v 27 or 28 alone."""
    r, s, v = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]), signature[64]
    require(0 < r < N and 0 < s <= N // 2 and v in (27, 28), "a signature is not canonical")
    y = pow(r**3 + 7, (P + 1) // 4, P)
    require((y * y - r**3 - 7) % P == 0, "a signature is no point of the curve")
    inverse, point = pow(r, -1, N), (r, y if y % 2 == v - 27 else P - y)
    key = _sum(_times(s * inverse, point), _times(-int.from_bytes(digest) * inverse, (G_X, G_Y)))
    require(key, "a signature has no key")
    return keccak256(key[0].to_bytes(32) + key[1].to_bytes(32))[12:]


def identifier(name: Any) -> bytes:
    """The hash of an identifier: its segments by full stops, then its suffix by a slash."""
    require(isinstance(name, str) and NAME.fullmatch(name), "an identifier is malformed")
    here, (prefix, slash, suffix) = bytes(32), name.partition("/")
    labels = [(b".", segment) for segment in prefix.split(".")] + [(b"/", suffix)] * len(slash)
    for separator, label in labels:
        here = keccak256(here + separator + keccak256(label.encode()))[:28] + bytes(4)
    return here


def raw(text: Any, size: int) -> bytes:
    is_hex = isinstance(text, str) and re.fullmatch(rf"0x[0-9a-f]{{{2 * size}}}", text)
    require(is_hex, f"not {size} bytes in hex")
    return bytes.fromhex(text[2:])


def members(value: Any, *names: str) -> list[Any]:
    require(isinstance(value, dict) and set(value) == set(names), f"not just {', '.join(names)}")
    return [value[name] for name in names]


def _word(kind: str, value: Any) -> bytes:
    if kind == "bytes32":
        return raw(value, 32) if str(value).startswith("0x") else identifier(value)
    require(type(value) is int and 0 <= value < 2 ** int(kind[4:]), f"not a {kind}")
    return bytes(value.to_bytes(32))


def checked_acts(acts: Any, separator: bytes, follows: bytes) -> list[tuple[str, Any, bytes]]:
    """Type, message and signer of each act, from the one that is named to the first."""
    require(isinstance(acts, list) and 0 < len(acts) <= ACTS_MAX, "no acts, or too many")
    told: list[Any] = []
    for act in acts:
        name, message, signature = members(act, "type", "message", "signature")
        require(isinstance(name, str) and name in TYPES, "an act is of no known type")
        text = f"{_ON_FIGURE},{TYPES[name]},uint48 deadline"
        wanted = [field.split(" ") for field in text.split(",")]
        values = zip(wanted, members(message, *(field for _, field in wanted)), strict=True)
        data = b"".join(_word(kind, value) for (kind, _), value in values)
        hashed = keccak256(keccak256(f"{name}({text})".encode()) + data)
        require(follows == hashed[:31] + b"\0", "an act is not the one that is named")
        digest = keccak256(b"\x19\x01" + separator + hashed)
        told.append((name, message, signer(digest, raw(signature, 65))))
        follows = _word("bytes32", message["follows"])
        is_same = all(message[part] == told[0][1][part] for part in ("facility", "period"))
        require(is_same, "an act is on another figure")
        is_fit = name != "Evidence" or message["month"] // 100 == message["period"] // 100
        require(is_fit, "evidence is of another year")
    require(told[0][0] == "Report", "the first act is no report")
    require(follows == bytes(32), "the acts do not go back to the first of the figure")
    return told


def climbed(data: bytes, way: Any) -> bytes:
    """The root of the tree in which the data is a leaf, its siblings left or right of the way."""
    require(isinstance(way, list) and len(way) <= 64, "not a way up a tree")
    node = hashlib.sha256(b"\0" + data).digest()
    for one in way:
        require(isinstance(one, list) and len(one) == 2, "not a sibling")
        require(one[0] in ("left", "right"), "a sibling is on no side")
        sibling = raw(one[1], 32)
        pair = sibling + node if one[0] == "left" else node + sibling
        node = hashlib.sha256(b"\1" + pair).digest()
    return node


def check_reading(reading: Any, acts: list[tuple[str, Any, bytes]]) -> str:
    names = ("meter", "stamp", "quantity", "unit", "of", "salt", "ways")
    *told, salt, ways = members(reading, *names)
    require(all(isinstance(text, str) and "|" not in text for text in told), "not a reading")
    meter, stamp, quantity, unit, of = told
    require(re.fullmatch("[0-9]{4}-[0-9]{2}", of) and stamp.startswith(of), "of another month")
    data = raw(salt, 32) + f"{meter}|{stamp}|{quantity}|{unit}".encode()
    for way in members(ways, "day", "month", "facility"):
        data = climbed(data, way)
    month = ("Evidence", int(of.replace("-", "")))
    roots = [one["root"] for name, one, _ in acts if (name, one.get("month")) == month]
    require(roots and raw(roots[0], 32) == data, "the reading is not in the signed evidence")
    return f"in that evidence: {meter} {stamp} {quantity} {unit}"


def read(path: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        require(len(dict(pairs)) == len(pairs), "a member stands twice")
        return dict(pairs)

    require(Path(path).stat().st_size <= BYTES_MAX, "the file is too large")
    content = Path(path).read_bytes()
    try:
        decoder = json.JSONDecoder(object_pairs_hook=once, parse_float=int, parse_constant=int)
        return decoder.decode(content.decode())
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused(f"the file is no such JSON: {error}") from None


def check(proof: Any, expected: dict[str, str]) -> list[str]:
    """What is proven, in words; raises Refused."""
    parts = members(proof, "format", "report", "chain_id", "contract", "acts", "reading")
    form, named, chain_id, contract, acts, reading = parts
    require(form == FORMAT, f"not of the format {FORMAT}")
    place = _word("uint256", chain_id) + bytes(12) + raw(contract, 20)
    domain = [keccak256(text) for text in (DOMAIN.encode(), b"Emissions", b"1")]
    told = checked_acts(acts, keccak256(b"".join(domain) + place), raw(named, 32))
    _, report, address = told[0]
    key = "0x" + address.hex()
    for name, found in (("--chain-id", str(chain_id)), ("--contract", contract), ("--key", key)):
        require(expected.get(name, found).lower() == found, f"{name} is {found}")
    own = {by for name, _, by in told if name in ("Evidence", "Report")}
    require(own == {address}, "evidence and report have several signers")
    grams, period = report["directGrams"] + report["indirectGrams"], str(report["period"])
    names = [name for name, _, _ in told]
    return [
        f"{key} signed for {report['facility']}, {period.removesuffix('00')}: {grams} g CO2e",
        f"behind it: {len(told) - 1} acts, {names.count('Evidence')} of them evidence",
        *([] if reading is None else [check_reading(reading, told)]),
        f"not proven: whose key that was; ask chain {chain_id}, and {contract} for the record",
    ]


def main(arguments: list[str]) -> int:
    options = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    if len(arguments) % 2 == 0 or not set(options) <= {"--chain-id", "--contract", "--key"}:
        sys.stderr.write((__doc__ or "").split("\n\n")[1] + "\n")
        return 2
    try:
        sys.stdout.write("\n".join(check(read(arguments[0]), options)) + "\n")
    except (Refused, OSError) as refused:
        sys.stderr.write(f"refused: {refused}\n")
        return 6
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
