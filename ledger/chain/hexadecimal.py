"""The hex of the Ethereum JSON-RPC, read without a library's checks of what it may be."""

from binascii import unhexlify


def bytes_of(text: str) -> bytes:
    """The bytes of `0x` and two digits each; raises ValueError for anything else."""
    if text[:2] != "0x":
        raise ValueError(f"not 0x and digits: {text[:20]!r}")
    return unhexlify(text[2:])  # twice as fast as `bytes.fromhex`, and takes no spaces
