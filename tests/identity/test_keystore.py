"""Key files: who may read them, who can open them, and which are refused unopened."""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from identity.errors import KeyMalformed, KeystoreExists, KeystoreUnreadable
from identity.keystore import read_keystore, write_keystore

_KEY = bytes.fromhex("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318")
_CHEAP = 2


def _write(path: Path, passphrase: str | bytes = "words") -> Path:
    write_keystore(path, _KEY, passphrase=passphrase, iterations=_CHEAP)
    return path


def _changed(path: Path, *places: str, value: object) -> Path:
    """The key file with one field, found by its path of names, given another value."""
    document = json.loads(path.read_text())
    part: dict[str, Any] = document
    for place in places[:-1]:
        part = part[place]
    part[places[-1]] = value
    path.write_text(json.dumps(document))
    return path


def _refusal(path: Path, passphrase: str | bytes = "words") -> str:
    with pytest.raises(KeystoreUnreadable) as refusal:
        read_keystore(path, passphrase=passphrase)
    assert refusal.value.facts["path"] == str(path)
    return refusal.value.reason


def test_read_gives_the_written_key_when_passphrase_is_right(tmp_path: Path) -> None:
    write_keystore(tmp_path / "a.json", _KEY, passphrase="words")
    assert read_keystore(tmp_path / "a.json", passphrase="words") == _KEY


def test_read_gives_the_key_when_passphrase_is_bytes(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.json", "暗号".encode())
    assert read_keystore(path, passphrase="暗号") == _KEY


@pytest.mark.parametrize(("kdf", "iterations"), [("pbkdf2", 10), ("scrypt", 4)])
def test_read_gives_the_key_when_another_wallet_wrote_it(
    tmp_path: Path, kdf: Any, iterations: int
) -> None:
    path = tmp_path / "wallet.json"
    path.write_text(json.dumps(Account.encrypt(_KEY, "words", kdf=kdf, iterations=iterations)))
    assert read_keystore(path, passphrase="words") == _KEY


def test_decrypt_of_another_wallet_gives_the_key_when_we_wrote_it(tmp_path: Path) -> None:
    document = json.loads(_write(tmp_path / "a.json").read_text())
    assert bytes(Account.decrypt(document, "words")) == _KEY


def test_write_closes_file_and_directory_to_others_when_both_are_new(tmp_path: Path) -> None:
    path = _write(tmp_path / "keys" / "a.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_write_refuses_when_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("mine")
    with pytest.raises(KeystoreExists) as refusal:
        _write(path)
    assert refusal.value.facts == {"path": str(path)}
    assert path.read_text() == "mine"


def test_write_refuses_when_a_link_stands_in_its_place(tmp_path: Path) -> None:
    link = tmp_path / "a.json"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeystoreExists):
        _write(link)


def test_write_leaves_nothing_when_key_is_malformed(tmp_path: Path) -> None:
    with pytest.raises(KeyMalformed):
        write_keystore(tmp_path / "a.json", bytes(32), passphrase="words", iterations=_CHEAP)
    assert list(tmp_path.iterdir()) == []


def test_read_refuses_when_passphrase_is_wrong(tmp_path: Path) -> None:
    assert _refusal(_write(tmp_path / "a.json"), "word") == "passphrase"


def test_read_refuses_when_file_is_missing(tmp_path: Path) -> None:
    assert _refusal(tmp_path / "none.json") == "unreadable"


def test_read_tells_no_passphrase_when_it_refuses(tmp_path: Path) -> None:
    with pytest.raises(KeystoreUnreadable) as refusal:
        read_keystore(_write(tmp_path / "a.json"), passphrase="secret-of-mine")
    assert "secret-of-mine" not in f"{refusal.value!s}{refusal.value!r}{refusal.value.args}"


_SCRYPT: dict[str, Any] = {"n": 4, "r": 8, "p": 1, "dklen": 32, "salt": "00"}
_PBKDF2: dict[str, Any] = {"c": 1, "prf": "hmac-sha256", "dklen": 32, "salt": "00"}
_ABSURD: dict[str, tuple[str, dict[str, Any]]] = {
    "n 2^26": ("scrypt", _SCRYPT | {"n": 2**26}),
    "n 2^21 in little memory": ("scrypt", _SCRYPT | {"n": 2**21, "r": 1}),
    "512 MiB": ("scrypt", _SCRYPT | {"n": 2**19}),
    "many lanes": ("scrypt", _SCRYPT | {"n": 2**18, "p": 2}),
    "large blocks": ("scrypt", _SCRYPT | {"r": 2**30}),
    "n no power of two": ("scrypt", _SCRYPT | {"n": 3}),
    "n one": ("scrypt", _SCRYPT | {"n": 1}),
    "n zero": ("scrypt", _SCRYPT | {"n": 0}),
    "r zero": ("scrypt", _SCRYPT | {"r": 0}),
    "p negative": ("scrypt", _SCRYPT | {"p": -1}),
    "n a fraction": ("scrypt", _SCRYPT | {"n": 4.0}),
    "n a text": ("scrypt", _SCRYPT | {"n": "4"}),
    "n missing": ("scrypt", {name: _SCRYPT[name] for name in ("r", "p", "dklen", "salt")}),
    "long derived key": ("scrypt", _SCRYPT | {"dklen": 2**31}),
    "salt no hex": ("scrypt", _SCRYPT | {"salt": "zz"}),
    "10^7 + 1 rounds": ("pbkdf2", _PBKDF2 | {"c": 10**7 + 1}),
    "no rounds": ("pbkdf2", _PBKDF2 | {"c": 0}),
    "other hash": ("pbkdf2", _PBKDF2 | {"prf": "hmac-md5"}),
    "other function": ("bcrypt", _SCRYPT),
}


@pytest.mark.parametrize(("kdf", "parameters"), _ABSURD.values(), ids=_ABSURD)
def test_read_refuses_unopened_when_derivation_is_absurd(
    tmp_path: Path, kdf: str, parameters: dict[str, Any]
) -> None:
    path = _changed(_write(tmp_path / "a.json"), "crypto", "kdf", value=kdf)
    assert _refusal(_changed(path, "crypto", "kdfparams", value=parameters)) == "kdf"


def test_read_ignores_a_second_spelling_when_it_would_cost_more(tmp_path: Path) -> None:
    path = _changed(_write(tmp_path / "a.json"), "crypto", "kdfparams", "N", value=2**40)
    assert read_keystore(path, passphrase="words") == _KEY


@pytest.mark.parametrize(
    ("places", "value"),
    [
        (("version",), 4),
        (("crypto",), []),
        (("crypto", "cipher"), "aes-256-cbc"),
        (("crypto", "cipherparams", "iv"), "00"),
        (("crypto", "ciphertext"), "00"),
        (("crypto", "mac"), 5),
    ],
)
def test_read_refuses_when_a_field_is_not_of_the_format(
    tmp_path: Path, places: tuple[str, ...], value: object
) -> None:
    assert _refusal(_changed(_write(tmp_path / "a.json"), *places, value=value)) == "format"


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b"\xff"])
def test_read_refuses_when_file_is_no_json_object(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert _refusal(path) == "format"


def test_read_refuses_when_file_is_nested_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"[" * 16_000)
    limit = sys.getrecursionlimit()
    # A curve library raises the limit out of reach at import; no refusal may rest on that.
    sys.setrecursionlimit(4_000)
    try:
        assert _refusal(path) == "format"
    finally:
        sys.setrecursionlimit(limit)


def test_read_refuses_when_file_is_larger_than_any_key_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.json")
    path.write_bytes(path.read_bytes() + b" " * 16_384)
    assert _refusal(path) == "format"


def test_read_refuses_when_initialisation_vector_was_changed(tmp_path: Path) -> None:
    path = _changed(_write(tmp_path / "a.json"), "crypto", "cipherparams", "iv", value="00" * 16)
    assert _refusal(path) == "address"


@pytest.mark.parametrize("address", ["00" * 20, "", None])
def test_read_refuses_when_address_is_not_the_keys(tmp_path: Path, address: str | None) -> None:
    assert _refusal(_changed(_write(tmp_path / "a.json"), "address", value=address)) == "address"
