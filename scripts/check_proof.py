"""Check the proof of a report with nothing but the standard library of Python 3.9 or later.

Recomputed: each act's EIP-712 digest (types as below, not the file's), its signer, that each names
the one before, back to the first, and a reading's way (RFC 9162) into the root that was signed.
Exit 0: it holds; 6: it does not; 2: usage. Hash: FIPS 202 (2015). Curve: SEC 2 v2 (2010), 2.4.1.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from typing import Any

FORMAT, BYTES_MAX, ACTS_MAX = "carbonledger-proof/1", 4 * 2**20, 1000
TYPES = {  # after what every act on a figure begins with, and before its deadline
    "Evidence": "uint32 month,bytes32 root,uint64 leaves",
    "Report": "uint64 directGrams,uint64 indirectGrams,bytes32 document,bytes32 rulePack",
    "Statement": "bytes32 verifier,uint8 opinion,uint64 verifiedGrams,bytes32 document",
    "Confirmation": "bytes32 authority,bytes32 account,uint64 tonnes",
    "Reopening": "bytes32 authority,bytes32 reason",
}
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
NAME = r"[0-9]{1,10}(\.[0-9]{1,10}){0,7}(/[A-Z0-9]([A-Z0-9._:-]{0,126}[A-Z0-9])?)?"
STAMP = r"[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\+08:00"
READING = NAME, STAMP, r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?", "[A-Za-z0-9][A-Za-z0-9/^.-]{0,15}"
P, N = 2**256 - 2**32 - 977, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)  # fmt: skip
TEXTS = {  # in English and in Chinese
    "json": ("not the strict JSON of a proof, or cut off", "不是证明的严格 JSON，或被截断"),
    "form": ("missing, unknown or malformed: {}", "缺失、未知或格式有误：{}"),
    "signature": ("{} is not signed by the key that it names", "{} 并非由其所列密钥签署"),
    "chain": ("{} is not what is named before it", "{} 与前者所引用的不一致"),
    "figure": ("{} is of another facility, period or year", "{} 属于其他设施、期间或年份"),
    "reading": ("the reading is not in the signed evidence", "读数不在已签名的存证之中"),
    "expected": ("not as expected: {} is {}", "与期望不符：{} 为 {}"),
    "report": ("{} signed report {}", "{} 签署了排放报告 {}"),
    "place": ("  facility {} ({}), period {}", "  设施 {}（{}），期间 {}"),
    "grams": ("  {} g direct + {} g indirect = {} g CO2e", "  直接 {} 克 + 间接 {} 克 = {} 克"),
    "behind": ("  follows {} acts; evidence of {} months", "  承接 {} 个行为；{} 个月份的存证"),
    "evidence": ("  {} signed the evidence of {}", "  {} 签署了 {} 的存证"),
    "shown": ("  in it a reading: {} ({}), {}: {} {}", "  其中一个读数：{}（{}），{}：{} {}"),
    "keys": ("not proven: whose keys they were. Ask: GET /v1/keys?identifier=ENTERPRISE&at=TIME",
             "未证明：密钥当时属于谁。查询：GET /v1/keys?identifier=企业&at=时间"),
    "chained": ("not proven: that chain {} has it and no later one. Find id and facility in\n  {}",
                "未证明：链 {} 上有此报告且无后续版本。请在以下应答中查找报告与设施：\n  {}"),
    "computed": ("not proven: that the grams follow from readings", "未证明：排放量由读数正确算出"),
}  # fmt: skip


class Refused(Exception):
    """Why the file proves nothing: a name of TEXTS, and what it is about."""


def require(holds: Any, reason: str, *about: Any) -> None:
    if not holds:
        raise Refused(reason, *about)


def keccak256(data: bytes) -> bytes:
    padded, state = bytearray(data) + bytearray(136 - len(data) % 136), [0] * 25
    padded[len(data)] ^= 0x01
    padded[-1] ^= 0x80
    for start in range(0, len(padded), 8):
        state[start % 136 // 8] ^= int.from_bytes(padded[start : start + 8], "little")
        if (start + 8) % 136 == 0:
            state = _permuted(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _permuted(a: list[int]) -> list[int]:
    register = 1
    for _ in range(24):
        column = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        turned = [(lane << 1 | lane >> 63) % 2**64 for lane in column]
        a = [a[i] ^ column[i % 5 - 1] ^ turned[(i + 1) % 5] for i in range(25)]
        x, y, lane = 1, 0, a[1]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            place, by = x + 5 * y, (step + 1) * (step + 2) // 2 % 64
            a[place], lane = (lane << by | lane >> (64 - by)) % 2**64, a[place]
        rows = [a[start : start + 5] for start in range(0, 25, 5)]
        a = [row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]) for row in rows for x in range(5)]
        for bit in range(7):
            a[0] ^= (register & 1) << (2**bit - 1)
            register = register << 1 ^ 0x171 * (register >> 7)
    return a


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one or other
    rise, run = other[1] - one[1], other[0] - one[0]
    if run == 0:
        rise, run = 3 * one[0] ** 2, one[1] + other[1]
    if run % P == 0:
        return None
    slope = rise * pow(run, -1, P)
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def signer(digest: bytes, signature: bytes) -> bytes:
    """The address whose key signed; empty unless canonical: low s, v 27 or 28 alone."""
    r, s = (int.from_bytes(signature[start : start + 32], "big") for start in (0, 32))
    y = pow(r**3 + 7, (P + 1) // 4, P)
    is_point = 0 < r < N and (y * y - r**3 - 7) % P == 0
    if not (is_point and 0 < s <= N // 2 and signature[64] in (27, 28)):
        return b""
    inverse, point = pow(r, -1, N), (r, y if y % 2 == signature[64] - 27 else P - y)
    factors = -int.from_bytes(digest, "big") * inverse % N, s * inverse % N
    sums, key = (None, G, point, _sum(G, point)), None
    for bit in range(255, -1, -1):
        key = _sum(_sum(key, key), sums[(factors[0] >> bit & 1) + 2 * (factors[1] >> bit & 1)])
    return keccak256(b"".join(each.to_bytes(32, "big") for each in key))[12:] if key else b""


def identifier(name: Any) -> bytes:
    """The hash of an identifier: its segments by full stops, then its suffix by a slash."""
    here, (prefix, slash, suffix) = bytes(32), matched(name, NAME, "identifier").partition("/")
    labels = [(b".", segment) for segment in prefix.split(".")] + [(b"/", suffix)] * len(slash)
    for separator, label in labels:
        here = keccak256(here + separator + keccak256(label.encode()))[:28] + bytes(4)
    return here


def matched(value: Any, pattern: str, name: str) -> str:
    require(isinstance(value, str) and re.fullmatch(pattern, value), "form", name)
    return str(value)


def raw(value: Any, size: int, name: str) -> bytes:
    return bytes.fromhex(matched(value, f"0x[0-9a-f]{{{2 * size}}}", name)[2:])


def members(value: Any, names: str) -> list[Any]:
    require(isinstance(value, dict) and set(value) == set(names.split()), "form", names)
    return [value[name] for name in names.split()]


def _word(kind: str, value: Any, name: str) -> bytes:
    if kind == "bytes32":
        return raw(value, 32, name) if str(value).startswith("0x") else identifier(value)
    require(type(value) is int and 0 <= value < 2 ** int(kind[4:]), "form", name)
    return bytes(value.to_bytes(32, "big"))


def checked_acts(acts: Any, domain: bytes, follows: bytes) -> list[tuple[str, Any, str]]:
    """Type, message and signer of each act, from the one that is named to the first."""
    require(isinstance(acts, list) and 0 < len(acts) <= ACTS_MAX, "form", "acts")
    told: Any = []
    for act in acts:
        name, message, signature, key = members(act, "type message signature key")
        require(isinstance(name, str) and name in TYPES, "form", "type")
        fields = f"bytes32 facility,uint32 period,bytes32 follows,{TYPES[name]},uint48 deadline"
        kinds, names = zip(*(field.split(" ") for field in fields.split(",")))
        words = map(_word, kinds, members(message, " ".join(names)), names)
        hashed = keccak256(keccak256(f"{name}({fields})".encode()) + b"".join(words))
        require(follows == hashed[:31] + b"\0", "chain", name)
        address = signer(keccak256(b"\x19\x01" + domain + hashed), raw(signature, 65, "signature"))
        require(address == raw(key, 20, "key"), "signature", name)
        told.append((name, message, key))
        is_same = all(message[part] == told[0][1][part] for part in ("facility", "period"))
        is_fit = message.get("month", message["period"]) // 100 == message["period"] // 100
        require(is_same and is_fit, "figure", name)
        follows = _word("bytes32", message["follows"], "follows")
    require(told[0][0] == "Report" and follows == bytes(32), "chain", "acts")
    return list(told)


def checked_reading(reading: Any, evidence: dict[int, Any]) -> list[str]:
    """Meter, its hash, stamp, quantity and unit of a reading below a month's newest evidence."""
    *told, salt, ways = members(reading, "meter stamp quantity unit salt ways")
    told = [matched(each, pattern, "reading") for each, pattern in zip(told, READING)]
    data = raw(salt, 32, "salt") + "|".join(told).encode()
    for way in members(ways, "day month facility"):
        require(isinstance(way, list) and len(way) <= 64, "form", "ways")
        data = hashlib.sha256(b"\0" + data).digest()
        for each in way:
            side, sibling = matched(each, "(left|right) 0x[0-9a-f]{64}", "ways").split(" 0x")
            pair = (bytes.fromhex(sibling), data)[:: 1 if side == "left" else -1]
            data = hashlib.sha256(b"\1" + b"".join(pair)).digest()
    month = evidence.get(int(told[1][:4] + told[1][5:7]))
    require(month and month[1]["root"] == "0x" + data.hex(), "reading")
    return [told[0], "0x" + identifier(told[0]).hex(), *told[1:]]


def parsed(content: bytes) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        require(len(dict(pairs)) == len(pairs), "json")
        return dict(pairs)

    try:
        decoder = json.JSONDecoder(object_pairs_hook=once, parse_float=int, parse_constant=int)
        return decoder.decode(content.decode())
    except (ValueError, RecursionError):
        raise Refused("json") from None


def check(proof: Any, expected: dict[str, list[str]], language: str = "en") -> list[str]:
    """What is proven, in words; raises Refused."""
    parts = members(proof, "format report chain_id contract acts reading")
    form, named, chain_id, contract, acts, reading = parts
    require(form == FORMAT, "form", "format")
    place = _word("uint256", chain_id, "chain_id") + bytes(12) + raw(contract, 20, "contract")
    domain = [keccak256(each) for each in (DOMAIN.encode(), b"Emissions", b"1")]
    told = checked_acts(acts, keccak256(b"".join(domain) + place), raw(named, 32, "report"))
    _, report, key = told[0]
    # From the oldest to the newest: the last evidence of a month is what counts.
    evidence = {act[1]["month"]: act for act in told[::-1] if act[0] == "Evidence"}
    signed = [(by, str(month)) for month, (_, _, by) in sorted(evidence.items())]
    found = [("chain_id", str(chain_id)), ("contract", contract), ("key", key)]
    for name, value in found + [("key", by) for by, _ in signed]:
        require(value in (expected.get(name) or [value]), "expected", name, value)
    facility, period = report["facility"], str(report["period"]).removesuffix("00")
    hashed = "0x" + _word("bytes32", facility, "").hex()
    grams = report["directGrams"], report["indirectGrams"]
    lines: list[Any] = [("report", key, named), ("place", facility, hashed, period)]
    lines += [("grams", *grams, sum(grams)), ("behind", len(told) - 1, len(evidence))]
    lines += [("evidence", by, ", ".join(m for k, m in signed if k == by)) for by in dict(signed)]
    lines += [] if reading is None else [("shown", *checked_reading(reading, evidence))]
    asked = f'eth_getLogs [{{"address":"{contract}","fromBlock":"0x0"}}]'
    lines += [("computed",), ("keys",), ("chained", chain_id, asked)]
    return [TEXTS[name][language == "zh"].format(*about) for name, *about in lines]


def main(arguments: Any = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=argparse.FileType("rb"))
    for option in ("--chain-id", "--contract", "--key"):
        parser.add_argument(option, action="append", type=str.lower, help="what it must be")
    locale = os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"
    parser.add_argument("--lang", choices=["en", "zh"], default=locale[:2])
    asked = parser.parse_args(arguments)
    try:
        with asked.file as file:
            proof = parsed(file.read(BYTES_MAX))  # what is longer is cut off
        print("\n".join(check(proof, vars(asked), asked.lang)))
    except Refused as refused:
        name, *about = refused.args
        print(TEXTS[name][asked.lang == "zh"].format(*about), file=sys.stderr)
        return 6
    return 0


if __name__ == "__main__":
    sys.exit(main())
