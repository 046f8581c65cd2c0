"""Verbs that hand in one act: one mechanism for all, its options generated from the bindings.

A row says which message a verb makes and what follows from what; everything else (options,
guards, documents, signing, waiting) is the same for every verb.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import typer

from api.client import Client
from api.client.client import fresh_key
from api.client.signing import id_of, wallet_request, wire_type
from api.fields import hex_text
from ledger.chain.bindings import RIGHTS, SECTORS, STANDINGS, TIES
from ledger.messages import fields_of
from ledger.naming import snake_case
from scripts.output import say, text
from scripts.people.connection import NOBODY, Connection, read_key
from scripts.people.files import read_bytes
from scripts.people.sent import keep_sent, sent_under
from scripts.people.verbs import Verb, add_verb, argument, option

_DIGEST = re.compile(r"0x[0-9a-f]{64}")
_GUARDS = frozenset({"follows", "nonce", "revision"})
# Fields that name a document, and its kind: a file's path stands for the digest of its content.
_DOCUMENTS = {
    "document": "calculation",
    "explanation": "calculation",
    "certificate": "other",
    "reason": "other",
    "record": "meter_record",
}
# Sets of bits, by the names of their bits.
_BITS = {
    "rights": RIGHTS,
    "standing": STANDINGS,
    "ties": TIES,
    "sectors": {name: 1 << bit for name, bit in SECTORS.items()},
}
WAIT_SECONDS = 60.0

Message = dict[str, Any]
Read = Callable[[Connection, str], Message]  # fields from the argument, "" where there is none
Awaited = Literal["provisional", "final"]


@dataclass(frozen=True, slots=True)
class Act:
    """One verb: `name` is noun and verb, `example` what follows them in an example.

    `argument` names a positional argument. `read` gives the fields in `derived`, which are no
    options, and those in `suggested`, which are. `own` is the field that is one's own participant
    unless said otherwise; `defaults` may be said otherwise too, `fixed` not. `kind` is that of the
    document, `second` the option that names a second key's file.
    """

    name: str
    message_type: str
    example: str
    argument: str | None = None
    read: Read | None = None
    own: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    derived: frozenset[str] = frozenset()
    suggested: frozenset[str] = frozenset()
    kind: str = "calculation"
    second: str | None = None

    def options(self) -> dict[str, str]:
        """The fields that are options, with their Solidity types."""
        fields = {snake_case(name): kind for name, kind in fields_of(self.message_type)}
        gone = self.fixed.keys() | self.derived | {"deadline"}
        return {name: kind for name, kind in fields.items() if name not in gone}

    def is_required(self, name: str) -> bool:
        """Whether nobody knows the field but who calls."""
        known = _GUARDS | self.suggested | self.defaults.keys() | {self.own}
        return name not in known


def add_act(app: typer.Typer, act: Act) -> None:
    """Make the act a verb of its noun."""
    parameters = [] if act.argument is None else [argument(act.argument)]
    for name, kind in act.options().items():
        typed = str if name in _BITS else wire_type(name, kind)
        parameters.append(option(name, kind=typed, is_required=act.is_required(name)))
    if act.second is not None:
        parameters.append(option(act.second, kind=Path))
    parameters += acting()
    add_verb(app, act.name, _verb(act), example=act.example, parameters=parameters)


def acting() -> list[Any]:
    """The options of every verb that hands in an act."""
    return [
        option("sign_with"),
        option("wait", kind=Awaited),
        option("idempotency_key"),
    ]


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as far as the caller knows it, and what the service must keep before it is sent.

    `second_key` is the file of a second key that must sign.
    """

    message_type: str
    message: Message
    keep: Callable[[Client], None]
    second_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Handling:
    """What is to become of an act: awaited state, the idempotency key."""

    wait: Awaited | None = None
    idempotency_key: str | None = None


def handling_of(given: Mapping[str, Any]) -> Handling:
    """What the options of `acting` say."""
    return Handling(given["wait"], given["idempotency_key"])


def hand_in(connection: Connection, draft: Draft, how: Handling) -> Any:
    """The answer to an act: written out for signing elsewhere, or handed in."""
    if connection.sign_with == NOBODY:
        return unsigned(connection.client, draft)
    key = how.idempotency_key or fresh_key()
    say(text("act.idempotency_key", key=key))
    client = connection.client_signing(draft.message)
    act = _act_under(key, connection, client, draft)
    done = client.hand_in(draft.message_type, act, idempotency_key=key)
    if done.acknowledgement is None:
        say(text("act.had_before", state=done.state))
    if how.wait is not None:
        return client.wait(done.id, state=how.wait, seconds=WAIT_SECONDS)
    return done.answer


def _act_under(key: str, connection: Connection, client: Client, draft: Draft) -> Message:
    """The act to send under this key: what was sent under it before, else a new one.

    Guard and deadline of a new one would be others, and the service would see another request.
    """
    said = {"type": draft.message_type, "said": draft.message}
    sent = sent_under(key)
    if sent is not None:
        if any(sent.get(name) != value for name, value in said.items()):
            raise typer.BadParameter(text("usage.other_act"), param_hint="--idempotency-key")
        act: Message = sent["act"]
        return act
    draft.keep(client)
    complete = client.completed(draft.message_type, draft.message)
    second = None if draft.second_key is None else _second_key(connection, draft.second_key)
    act = client.signed(draft.message_type, complete, key=connection.key, second_key=second)
    keep_sent(key, said | {"act": act})
    return act


def unsigned(client: Client, draft: Draft) -> Message:
    """A complete message as it is signed elsewhere: wire form, typed data and id."""
    complete = client.completed(draft.message_type, draft.message)
    domain = client.known.domain(draft.message_type)
    return {
        "type": draft.message_type,
        "id": id_of(draft.message_type, complete),
        "message": complete,
        "typed_data": wallet_request(draft.message_type, complete, domain=domain),
    }


def _second_key(connection: Connection, file: Path) -> bytes:
    passphrase_file = connection.passphrase_file or connection.profile.passphrase_file
    return read_key(file, passphrase_file=passphrase_file)


def _verb(act: Act) -> Verb:
    def verb(connection: Connection, **given: Any) -> Any:
        message = _message(act, connection, given)
        papers = _papers(act, message)
        second = None if act.second is None else given[act.second]

        def keep(client: Client) -> None:
            for content, kind in papers.values():
                client.upload(content, kind=kind)

        digests = {name: hex_text(sha256(papers[name][0]).digest()) for name in papers}
        draft = Draft(act.message_type, message | digests, keep, second)
        return hand_in(connection, draft, handling_of(given))

    return verb


def _message(act: Act, connection: Connection, given: Mapping[str, Any]) -> Message:
    """The message as far as the caller knows it, in the order of its fields."""
    said = {name: given[name] for name in act.options() if given.get(name) is not None}
    read = act.read(connection, given.get(act.argument or "", "")) if act.read else {}
    known = {**act.defaults, **read, **_own(act, connection), **said, **act.fixed}
    names = [snake_case(name) for name, _ in fields_of(act.message_type)]
    for name in names:
        if name not in known and name not in _GUARDS | {"deadline"}:
            hint = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(text("usage.missing_option"), param_hint=hint)
    return {name: _wire(name, known[name]) for name in names if name in known}


def _own(act: Act, connection: Connection) -> Message:
    participant = connection.profile.participant
    return {} if act.own is None or participant is None else {act.own: participant}


def _wire(name: str, value: Any) -> Any:
    return _bits(name, value) if name in _BITS and isinstance(value, str) else value


def _papers(act: Act, message: Message) -> dict[str, tuple[bytes, str]]:
    """Content and kind of each document that was named by its file, by field."""
    return {
        name: (read_bytes(Path(value)), act.kind if name == "document" else _DOCUMENTS[name])
        for name, value in message.items()
        if name in _DOCUMENTS and isinstance(value, str) and not _DIGEST.fullmatch(value)
    }


def _bits(name: str, value: str) -> int:
    """A set of bits by their names with commas between, or by its number."""
    if value.isascii() and value.isdigit():
        return int(value)
    known = {bit.lower(): number for bit, number in _BITS[name].items()}
    if wrong := [one for one in value.split(",") if one not in known]:
        told = text("usage.unknown_names", names=", ".join(wrong), known=", ".join(known))
        raise typer.BadParameter(told, param_hint=f"--{name}")
    return sum({known[one] for one in value.split(",")})
