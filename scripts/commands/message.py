"""`carbonledger message`: signing offline what was written out, and checking what was signed."""

from pathlib import Path
from typing import Any

from api.client.known import Known
from api.client.refusals import AnswerWrong
from api.client.signing import envelope, hash_of_wire, id_of, signature_of
from api.fields import hex_text, invalid, parse_hex
from api.nouns import NOUN_OF
from identity.errors import IdentityError
from identity.signature import recover_address
from identity.typed_data import Domain, digest
from ledger.chain.bindings import CONTRACTS
from scripts.people.connection import Connection
from scripts.people.files import read_json
from scripts.people.verbs import Line, add_verb, argument, noun_app, option


def _sign(
    connection: Connection, message_file: Path, signature: str | None, **_handling: Any
) -> Any:
    """The envelope of a message, signed here or with a signature made elsewhere.

    The digest is computed from the message alone; typed data in the file is only asked for the
    domain, and without any the service is.
    """
    told = _object(read_json(message_file), "")
    message_type, message = _message(told)
    domain = _domain(told, message_type) or connection.client.known.domain(message_type)
    if signature is None:
        signature = signature_of(message_type, message, domain=domain, key=connection.key)
    signed = {"type": message_type} | envelope(message, domain=domain, signature=signature)
    _checked(signed)
    return Line(signed)


def _check(_connection: Connection, message_file: Path) -> Any:
    """Who signed what, from the file alone."""
    return _checked(_object(read_json(message_file), ""))


def _checked(told: dict[str, Any]) -> dict[str, Any]:
    message_type, message = _message(told)
    signed_for = _object(told.get("domain"), "/domain")
    chain_id, contract = signed_for.get("chain_id"), signed_for.get("contract")
    domain = _of_contract(message_type, chain_id, contract)
    signed = digest(domain.separator, hash_of_wire(message_type, message))
    signature = parse_hex(_text(told, "signature"), size=65, pointer="/signature")
    try:
        signer = recover_address(signed, signature)
    except IdentityError:
        raise AnswerWrong("signature") from None
    own = id_of(message_type, message)
    if told.get("id", own) != own:
        raise AnswerWrong("id")
    return {
        "type": message_type,
        "id": own,
        "digest": hex_text(signed),
        "signer": hex_text(signer),
        "chain_id": chain_id,
        "contract": contract,
        "message": message,
    }


def _message(told: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    message_type = _text(told, "type")
    if message_type not in NOUN_OF:
        raise invalid("/type", "one_of:" + ",".join(NOUN_OF))
    return message_type, _object(told.get("message"), "/message")


def _domain(told: dict[str, Any], message_type: str) -> Domain | None:
    if "typed_data" not in told:
        return None
    named = _object(_object(told["typed_data"], "/typed_data").get("domain"), "/typed_data/domain")
    return _of_contract(message_type, named.get("chainId"), named.get("verifyingContract"))


def _of_contract(message_type: str, chain_id: Any, contract: Any) -> Domain:
    """The domain of a message of that type for one contract; no other name can be signed for."""
    if type(chain_id) is not int:
        raise invalid("/domain/chain_id", "integer")
    if not isinstance(contract, str):
        raise invalid("/domain/contract", "string")
    address = parse_hex(contract, size=20, pointer="/domain/contract")
    known = Known(chain_id, dict.fromkeys(CONTRACTS, address), "", b"")
    return known.domain(message_type)


def _object(value: Any, pointer: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(pointer, "object")
    return value


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str):
        raise invalid(f"/{name}", "string")
    return value


app = noun_app("message")
add_verb(
    app,
    "message sign",
    _sign,
    parameters=[argument("message_file", kind=Path), option("sign_with"), option("signature")],
    example="transfer.json --as enterprise --json",
)
add_verb(
    app,
    "message check",
    _check,
    parameters=[argument("message_file", kind=Path)],
    example="signed.json",
)
