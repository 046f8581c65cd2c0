"""Wire schemas of the messages, generated from the bindings: one model and one noun a type."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from api.fields import ENUMS, IDENTIFIER_FIELDS, PERIOD_FIELDS, TIME_FIELDS, from_wire
from api.nouns import NOUN_OF
from ledger.errors import FieldInvalid
from ledger.messages import fields_of
from ledger.naming import snake_case
from ledger.outbox.act import Envelope
from ledger.preparation import PartialMessage

M = TypeVar("M", bound=BaseModel)
_TEXT_MAX = 255
_HEX_32 = r"^0x[0-9a-f]{64}$"
_HEX_20 = r"^0x[0-9a-f]{40}$"
_HEX_65 = r"^0x[0-9a-f]{130}$"
_STRICT = ConfigDict(strict=True, extra="forbid")


class DomainModel(BaseModel):
    """The EIP-712 domain as signed; it tells another chain or contract from a wrong signer."""

    model_config = _STRICT
    chain_id: Annotated[int, Field(ge=0, le=2**53 - 1)]
    contract: Annotated[str, Field(pattern=_HEX_20)]


def _field_type(name: str, kind: str) -> Any:
    if name in IDENTIFIER_FIELDS and kind == "bytes32":
        return Annotated[str, Field(max_length=_TEXT_MAX)] | None
    if kind in ("bytes32", "address"):
        return Annotated[str, Field(pattern=_HEX_32 if kind == "bytes32" else _HEX_20)] | None
    if name in PERIOD_FIELDS or name == "asset" or name in ENUMS:
        return Annotated[str, Field(max_length=_TEXT_MAX)]
    if name in TIME_FIELDS:
        return Annotated[str, Field(max_length=_TEXT_MAX)] | None
    if kind == "bool":
        return bool
    if kind == "string":
        return Annotated[str, Field(max_length=_TEXT_MAX)]
    bits = int(kind.removeprefix("u").removeprefix("int"))
    if kind.startswith("u"):
        return Annotated[int, Field(ge=0, lt=2**bits)]
    return Annotated[int, Field(ge=-(2 ** (bits - 1)), lt=2 ** (bits - 1))]


def _message_model(message_type: str) -> type[BaseModel]:
    fields = {
        snake_case(name): (_field_type(snake_case(name), kind), Field())
        for name, kind in fields_of(message_type)
    }
    return _model(message_type, fields)


def _model(name: str, fields: dict[str, Any]) -> type[BaseModel]:
    model: type[BaseModel] = create_model(name, __config__=_STRICT, **fields)
    return model


def _partial_model(message_type: str) -> type[BaseModel]:
    """The same fields, none of them required; one that is absent is not the same as null."""
    fields = {
        snake_case(name): (_field_type(snake_case(name), kind), Field(default=None))
        for name, kind in fields_of(message_type)
    }
    return _model(f"Partial{message_type}", fields)


def _preparation_model(message_type: str) -> type[BaseModel]:
    partial: dict[str, Any] = {"message": (_partial_model(message_type), Field())}
    return _model(f"{message_type}Preparation", partial)


def _envelope_model(message_type: str) -> type[BaseModel]:
    signature = Annotated[str, Field(pattern=_HEX_65)]
    fields: dict[str, Any] = {
        "message": (_message_model(message_type), Field()),
        "domain": (DomainModel, Field()),
        "signature": (Annotated[str, Field(pattern=r"^0x(?:[0-9a-f]{2}){0,100}$")], Field()),
    }
    if message_type == "KeyAddition":
        fields["possession"] = (signature | None, Field(default=None))
    if message_type == "Delivery":
        fields["countersignature"] = (signature, Field())
    return _model(f"{message_type}Envelope", fields)


def _custody_model(message_type: str) -> type[BaseModel]:
    signature = Annotated[str, Field(pattern=_HEX_65)]
    fields: dict[str, Any] = {
        "custody": (Literal[True], Field()),
        "message": (_partial_model(message_type), Field()),
    }
    if message_type == "KeyAddition":
        fields["possession"] = (signature | None, Field(default=None))
    if message_type == "Delivery":
        fields["countersignature"] = (signature, Field())
    return _model(f"{message_type}InCustody", fields)


# Access is signed as acts are, but opens a session instead of being recorded.
ENVELOPES = {message_type: _envelope_model(message_type) for message_type in [*NOUN_OF, "Access"]}

IN_CUSTODY = {message_type: _custody_model(message_type) for message_type in NOUN_OF}
PREPARATIONS = {message_type: _preparation_model(message_type) for message_type in ENVELOPES}


def parse_preparation(message_type: str, body: Any) -> tuple[PartialMessage, dict[str, Any]]:
    """The fields that a JSON body gives, and the same as it gave them.

    Raises FieldInvalid and the field's own.
    """
    model: BaseModel = _validated(PREPARATIONS[message_type], body)["message"]
    return _partial(message_type, model), model.model_dump(exclude_unset=True)


def parse_act(message_type: str, body: Any) -> tuple[Envelope | PartialMessage, Mapping[str, Any]]:
    """An act as it comes: signed, or for the service to complete and sign; and the body checked.

    Raises FieldInvalid and the field's own.
    """
    if not (isinstance(body, dict) and "custody" in body):
        return parse_envelope(message_type, body)
    checked = _validated(IN_CUSTODY[message_type], body)
    partial = _partial(message_type, checked["message"])
    possession = checked.get("possession")
    if possession is not None:
        partial = replace(partial, possession=bytes.fromhex(possession[2:]))
    return partial, checked


def _partial(message_type: str, model: BaseModel) -> PartialMessage:
    given = {
        name: from_wire(wire_name, kind, getattr(model, wire_name), pointer=pointer)
        for name, wire_name, kind, pointer in _places(message_type)
        if wire_name in model.model_fields_set
    }
    return PartialMessage(message_type, given)


def parse_envelope(message_type: str, body: Any) -> tuple[Envelope, Mapping[str, Any]]:
    """The envelope of a JSON body and the body checked; raises FieldInvalid and the field's own."""
    checked = _validated(ENVELOPES[message_type], body)
    wire = checked["message"].__dict__
    message = {
        name: from_wire(wire_name, kind, wire[wire_name], pointer=pointer)
        for name, wire_name, kind, pointer in _places(message_type)
    }
    possession = checked.get("possession")
    envelope = Envelope(
        type=message_type,
        message=message,
        chain_id=checked["domain"].chain_id,
        contract=bytes.fromhex(checked["domain"].contract[2:]),
        signature=bytes.fromhex(checked["signature"][2:]),
        possession=None if possession is None else bytes.fromhex(possession[2:]),
    )
    return envelope, checked


@cache
def _places(message_type: str) -> list[tuple[str, str, str, str]]:
    """Of each field its name, its name on the wire, its Solidity type and its JSON pointer."""
    return [
        (name, snake_case(name), kind, f"/message/{snake_case(name)}")
        for name, kind in fields_of(message_type)
    ]


def _validated(model: type[BaseModel], body: Any) -> dict[str, Any]:
    return validated(model, body).__dict__


def validated(model: type[M], body: Any) -> M:
    """The body as this model; raises FieldInvalid, naming fields and never their values."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise FieldInvalid([_wire_error(one) for one in error.errors()]) from None


def _wire_error(error: Any) -> dict[str, str]:
    """Where and which rule, never the offending value."""
    pointer = "".join(f"/{part}" for part in error["loc"] if not str(part).startswith("constr"))
    return {"pointer": pointer, "rule": error["type"]}
