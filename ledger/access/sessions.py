"""The first token by signature: whoever holds a valid key needs no administrator."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger import contract_errors as refused
from ledger.access.browser import SessionId, keep_session, make_session_id
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


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser session just opened and what it opens; its id goes into a cookie alone."""

    id: SessionId
    grant: Grant


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where sessions are opened: the tables, the writer, the ledger, the persons of its keys.

    `person_of` gives the person behind the key of an act, which must be valid at that time.
    """

    store: Store
    writer: Writer
    manifest: Manifest
    person_of: Callable[[Connection, SignedAct, int], int]

    def open_session(self, envelope: Envelope, *, now: int) -> Session:
        """The session of a signed Access, at most twelve hours long.

        Raises what opening an act does, SignatureExpired, FieldInvalid, KeyNotValid, and
        ActAlreadyMade when the same Access comes again.
        """
        session = Session(make_token(), self._grant(envelope, now))
        access = self._act(envelope).id

        def keep(connection: Connection) -> Session:
            _require_unused(connection, access)
            keep_token(connection, session.token, session.grant, access=access, now=now)
            return session

        return self.writer.commit(keep)

    def open_browser_session(self, envelope: Envelope, *, now: int) -> BrowserSession:
        """The same for a browser's cookie; raises the same."""
        session = BrowserSession(make_session_id(), self._grant(envelope, now))
        access = self._act(envelope).id

        def keep(connection: Connection) -> BrowserSession:
            _require_unused(connection, access)
            keep_session(connection, session.id, session.grant, access=access, now=now)
            return session

        return self.writer.commit(keep)

    def _act(self, envelope: Envelope) -> SignedAct:
        return open_act(envelope, manifest=self.manifest)

    def _grant(self, envelope: Envelope, now: int) -> Grant:
        with self.store.reading() as reading:
            now = max(now, freshness(reading).head_time)
            act = self._act(envelope)
            require_in_time(act, now)
            person = self.person_of(reading, act, now)
        scopes = require_access(act.message, self.manifest, person=person)
        return Grant(act.message["actor"], person, scopes, now + SESSION_SECONDS_MAX)


def _require_unused(connection: Connection, access: bytes) -> None:
    if is_used(connection, access):
        raise refused.ActAlreadyMade(access)


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
