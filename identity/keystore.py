"""Encrypted key files: Web3 Secret Storage version 3, as every Ethereum wallet reads them.

A file is checked whole before its key derivation runs, since its cost is the file's to choose.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from identity.errors import KeyMalformed, KeystoreExists, KeystoreUnreadable
from identity.keys import address_of, require_private_key

SCRYPT_ITERATIONS = 2**15  # n; with r = 8 about 0.1 s and 32 MiB a file on one core
_SCRYPT_ITERATIONS_MAX = 2**20
_SCRYPT_BYTES_MAX = 2**28  # 128 * n * r * p; the wallets' own default, n = 2^18, just fits
_PBKDF2_ITERATIONS_MAX = 10_000_000
_FILE_BYTES_MAX = 16_384  # a key file has about 500
_HEX_BYTES = re.compile(r"(?:[0-9A-Fa-f]{2})*")


def write_keystore(
    path: Path,
    private_key: bytes,
    *,
    passphrase: str | bytes,
    iterations: int = SCRYPT_ITERATIONS,
) -> None:
    """Encrypt a 32-byte key into a new file (0600), durable when this returns.

    A missing directory is made with mode 0700; `iterations` is scrypt's n, a power of two.
    Raises KeyMalformed, KeystoreExists.
    """
    require_private_key(private_key)
    assert _is_scrypt_bearable(iterations, block_size=8, lanes=1)
    document = create_keyfile_json(
        private_key, _passphrase_bytes(passphrase), kdf="scrypt", iterations=iterations
    )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _create_file(path, json.dumps(document, indent=1).encode())


def read_keystore(path: Path, *, passphrase: str | bytes) -> bytes:
    """The 32-byte private key in a key file (scrypt or PBKDF2).

    Raises KeystoreUnreadable: unreadable, format, kdf, passphrase or address. The address is
    compared because the file's own checksum does not cover the initialisation vector.
    """
    try:
        document = _loaded(path)
        crypto = _checked_crypto(document)
        private_key = _decrypted(crypto, _passphrase_bytes(passphrase))
        _require_address(document, private_key)
    except _Unreadable as unreadable:
        raise KeystoreUnreadable(str(path), unreadable.reason) from None
    return private_key


def read_keystore_address(path: Path) -> bytes:
    """The 20-byte address that a key file tells of its key, which stays encrypted.

    Raises KeystoreUnreadable: unreadable, format, kdf or address.
    """
    try:
        document = _loaded(path)
        _checked_crypto(document)
        told = document.get("address")
        if not isinstance(told, str) or not _is_hex(told.removeprefix("0x"), size=20):
            raise _Unreadable("address")
    except _Unreadable as unreadable:
        raise KeystoreUnreadable(str(path), unreadable.reason) from None
    return bytes.fromhex(told.removeprefix("0x"))


class _Unreadable(Exception):
    """Why a key file gives no key; the caller knows which file."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _loaded(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
    except OSError:
        raise _Unreadable("unreadable") from None
    if len(content) > _FILE_BYTES_MAX:
        raise _Unreadable("format")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _Unreadable("format") from None
    if not isinstance(document, dict) or document.get("version") != 3:
        raise _Unreadable("format")
    return document


def _checked_crypto(document: dict[str, Any]) -> dict[str, Any]:
    """The encrypted part rebuilt from checked fields: the library folds the case of names, so
    that a second spelling beside a checked field would be read in its stead."""
    match document.get("crypto"):
        case {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": iv},
            "ciphertext": ciphertext,
            "kdf": kdf,
            "kdfparams": dict(parameters),
            "mac": mac,
        } if _is_hex(iv, size=16) and _is_hex(ciphertext, size=32) and _is_hex(mac, size=32):
            return {
                "cipherparams": {"iv": iv},
                "ciphertext": ciphertext,
                "kdf": kdf,
                "kdfparams": _checked_parameters(kdf, parameters),
                "mac": mac,
            }
    raise _Unreadable("format")


def _checked_parameters(kdf: object, parameters: dict[str, Any]) -> dict[str, Any]:
    match kdf, parameters:
        case "scrypt", {"n": int(n), "r": int(r), "p": int(p), "dklen": 32, "salt": salt} if (
            _is_hex(salt) and _is_scrypt_bearable(n, block_size=r, lanes=p)
        ):
            return {"n": n, "r": r, "p": p, "dklen": 32, "salt": salt}
        case "pbkdf2", {"c": int(c), "prf": "hmac-sha256" as prf, "dklen": 32, "salt": salt} if (
            _is_hex(salt) and 0 < c <= _PBKDF2_ITERATIONS_MAX
        ):
            return {"c": c, "prf": prf, "dklen": 32, "salt": salt}
    raise _Unreadable("kdf")


def _is_scrypt_bearable(iterations: int, *, block_size: int, lanes: int) -> bool:
    """Whether scrypt may run: its memory and, through the lanes, its time are limited."""
    is_power_of_two = iterations > 1 and iterations & (iterations - 1) == 0
    if not (is_power_of_two and iterations <= _SCRYPT_ITERATIONS_MAX):
        return False
    size_bytes = 128 * iterations * block_size * lanes
    return block_size > 0 and lanes > 0 and size_bytes <= _SCRYPT_BYTES_MAX


def _is_hex(text: object, *, size: int | None = None) -> bool:
    if not isinstance(text, str) or not _HEX_BYTES.fullmatch(text):
        return False
    return size is None or len(text) == 2 * size


def _decrypted(crypto: dict[str, Any], passphrase: bytes) -> bytes:
    try:
        return decode_keyfile_json({"version": 3, "crypto": crypto}, passphrase)
    except ValueError:  # the checksum over key and ciphertext differs
        raise _Unreadable("passphrase") from None


def _require_address(document: dict[str, Any], private_key: bytes) -> None:
    told = document.get("address")
    try:
        address = address_of(private_key)
    except KeyMalformed:
        raise _Unreadable("address") from None
    if not isinstance(told, str) or told.lower().removeprefix("0x") != address.hex():
        raise _Unreadable("address")


def _passphrase_bytes(passphrase: str | bytes) -> bytes:
    return passphrase.encode() if isinstance(passphrase, str) else passphrase


def _create_file(path: Path, content: bytes) -> None:
    """A new file only its owner can read from its first moment, on the disk on return."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeystoreExists(str(path)) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
