"""What a chain elsewhere can do, found out once, when a ledger is founded on it."""

from eth_utils.hexadecimal import decode_hex

from ledger.chain.headers import header_hash
from ledger.chain.node import RECEIPTS_METHOD, Node, NodeError
from ledger.errors import ChainRulesOld

NEEDED_RULES = "cancun"
# PUSH0 (EIP-3855) and MCOPY (EIP-5656), then the word 1 as the answer.
_PROBE = "0x5f5f5f5e60015f5260205ff3"


def require_rules(node: Node) -> None:
    """Raises ChainRulesOld where the chain does not execute what the contracts are compiled to."""
    try:
        answer = node.request("eth_call", [{"data": _PROBE, "gas": hex(200_000)}, "latest"])
    except NodeError as error:
        raise ChainRulesOld(NEEDED_RULES) from error
    if int.from_bytes(decode_hex(answer), "big") != 1:
        raise ChainRulesOld(NEEDED_RULES)


def found_checks(node: Node) -> tuple[bool, bool]:
    """Whether its headers hash as Ethereum's, and whether it serves the receipts of a block."""
    header = node.request("eth_getBlockByNumber", ["latest", False])
    hashes_as_ethereum = header_hash(header) == decode_hex(header["hash"])
    return hashes_as_ethereum, _serves_receipts(node, header["number"])


def _serves_receipts(node: Node, number: str) -> bool:
    try:
        node.request(RECEIPTS_METHOD, [number])
    except NodeError:
        return False
    return True
