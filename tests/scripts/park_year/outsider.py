"""Signing in at a service with a key of its demo and nothing of ours: a token to read with."""

import json
import secrets
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

_FIELDS = (
    ("actor", "bytes32"),
    ("scopes", "uint16"),
    ("person", "uint32"),
    ("service", "bytes32"),
    ("nonce", "bytes32"),
    ("deadline", "uint48"),
)
_READ = 1


def identifier(name: str) -> bytes:
    """The hash of an identifier (contracts.md, section 2)."""
    prefix, _, suffix = name.partition("/")
    here = bytes(32)
    for segment in prefix.split("."):
        here = keccak(here + b"." + keccak(text=segment))[:28] + bytes(4)
    return keccak(here + b"/" + keccak(text=suffix))[:28] + bytes(4) if suffix else here


def sign_in(url: str, directory: Path) -> str:
    """A token of the first founder, whom the root's tree lies below."""
    keys = json.loads((directory / "demo-keys.json").read_text("utf-8"))["keys"]
    known = _asked(urllib.request.Request(f"{url}/.well-known/carbonledger"))
    contract = known["contracts"]["Identifiers"]["address"]
    deadline, nonce = int(time.time()) + 3600, secrets.token_bytes(32)
    message = {"actor": "88", "scopes": _READ, "person": 1, "service": known["service"]}
    domain = {
        "name": "carbonledger",
        "version": "1",
        "chainId": known["chain_id"],
        "verifyingContract": contract,
    }
    hashed = message | {
        "actor": identifier("88"),
        "service": identifier(known["service"]),
        "nonce": nonce,
        "deadline": deadline,
    }
    types = {"Access": [{"name": name, "type": kind} for name, kind in _FIELDS]}
    signable = encode_typed_data(domain, types, hashed)
    signature = Account.sign_message(signable, keys["founder_1"]["private_key"]).signature
    until = datetime.fromtimestamp(deadline, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {
        "message": message | {"nonce": "0x" + nonce.hex(), "deadline": until},
        "domain": {"chain_id": known["chain_id"], "contract": contract},
        "signature": "0x" + signature.hex().removeprefix("0x"),
    }
    request = urllib.request.Request(
        f"{url}/v1/sessions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    token: str = _asked(request)["token"]
    return token


def _asked(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())
