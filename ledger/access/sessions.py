"""The first token by signature: whoever holds a valid key needs no administrator."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger import contract_errors as refused
from ledger.access.tokens import (
    SESSION_SECONDS_MAX,
    Grant,
    Token,
    is_used,
    keep_token,
    make_token,
    scopes_of,
)
from ledger.access.viewer import Scope, Viewer
from ledger.errors import FieldInvalid
from ledger.outbox.act import Envelope, SignedAct, open_act, require_in_time
from ledger.outbox.filling import Filling
from ledger.store.chain_log import freshness
from ledger.store.engine import Store
from ledger.store.manifest import Manifest
from ledger.store.writer import Writer

# Signed and never sent, so nobody else may ask for it: `operate` is given on the machine alone.
_BY_SIGNATURE = frozenset({"read", "submit", "custody"})


@dataclass(frozen=True, slots=True)
class Session:
    """A token just made and what it opens; the token is told once."""

    token: Token
    grant: Grant


def open_session(
    envelope: Envelope,
    *,
    store: Store,
    writer: Writer,
    manifest: Manifest,
    person_of: Callable[[Connection, SignedAct, int], int],
    now: int,
) -> Session:
    """The session of a signed Access, at most twelve hours long.

    `person_of` gives the person behind the key, which must be valid for the actor now. Raises
    what opening an act does, SignatureExpired, FieldInvalid, KeyNotValid, and ActAlreadyMade
    when the same Access comes again.
    """
    with store.reading() as reading:
        now = max(now, freshness(reading).head_time)
        act = open_act(envelope, manifest=manifest)
        require_in_time(act, now)
        grant = _grant(act, manifest, person=person_of(reading, act, now), now=now)
    token = make_token()

    def keep(connection: Connection) -> Session:
        if is_used(connection, act.id):
            raise refused.ActAlreadyMade(act.id)
        keep_token(connection, token, grant, access=act.id, now=now)
        return Session(token, grant)

    return writer.commit(keep)


def require_access(
    message: Mapping[str, Any], manifest: Manifest, *, person: int | None
) -> frozenset[Scope]:
    """The scopes that an Access of this person asks for; raises FieldInvalid."""
    wrong = []
    if message["service"] != manifest.service:
        wrong.append({"pointer": "/message/service", "rule": "this_service"})
    if message["person"] != person:
        wrong.append({"pointer": "/message/person", "rule": "of_the_key"})
    scopes = scopes_of(message["scopes"])
    if not scopes or scopes - _BY_SIGNATURE or message["scopes"] >> len(_BY_SIGNATURE):
        wrong.append({"pointer": "/message/scopes", "rule": "bits:1 read,2 submit,4 custody"})
    if wrong:
        raise FieldInvalid(wrong)
    return scopes


def access_fillings(viewer: Viewer, manifest: Manifest) -> list[Filling]:
    """What an Access need not say when its signer is known already."""
    return [
        Filling("actor", (), lambda _reading, _message: viewer.participant),
        Filling("person", (), lambda _reading, _message: viewer.person),
        Filling("service", (), lambda _reading, _message: manifest.service),
        Filling("nonce", (), lambda _reading, _message: secrets.token_bytes(32)),
    ]


def _grant(act: SignedAct, manifest: Manifest, *, person: int, now: int) -> Grant:
    scopes = require_access(act.message, manifest, person=person)
    return Grant(act.message["actor"], person, scopes, now + SESSION_SECONDS_MAX)
