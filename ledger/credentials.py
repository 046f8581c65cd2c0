"""What people come in with: tokens, browser sessions and invitations, given and taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from ledger.access.browser import SessionId, end_session
from ledger.access.custody_keys import custody_keys, make_custody_key
from ledger.access.gate import Gate, session_name, token_name
from ledger.access.invitations import (
    INVITATION_SECONDS,
    Invitation,
    Invited,
    keep_invitation,
    make_secret,
    use_invitation,
)
from ledger.access.sessions import BrowserSession, Entrance, Session
from ledger.access.tokens import (
    TOKEN_SECONDS,
    Grant,
    Token,
    keep_token,
    make_token,
    revoke_token,
)
from ledger.access.viewer import Scope, Viewer
from ledger.chain.bindings import KINDS
from ledger.clock import Clock
from ledger.contract_errors import IdentifierKindWrong, IdentifierUnknown
from ledger.custody import Custody
from ledger.errors import InvitationForbidden
from ledger.identifiers.acting import PARTICIPANT_KINDS, owner_of
from ledger.identifiers.service import has_ended, kind_of
from ledger.outbox.acceptance import CREATED
from ledger.outbox.act import Envelope
from ledger.outbox.idempotency import Answer, Request, recall, remember
from ledger.store.engine import Store
from ledger.store.rows import Row
from ledger.store.writer import Writer

INVITED_SCOPES: frozenset[Scope] = frozenset({"read", "submit", "custody"})
RenderToken: TypeAlias = Callable[[Token, bool], bytes]
"""The answer with the secret if so asked, and for the repeat without."""
RenderInvitation: TypeAlias = Callable[[Invitation, bool], bytes]
"""The same of an invitation."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Gives credentials and knows who comes with which."""

    store: Store
    writer: Writer
    clock: Clock
    gate: Gate
    entrance: Entrance
    custody: Custody
    sealing_key: bytes

    def viewer(self, token: str) -> Viewer:
        """Who the bearer of an access token is; raises TokenInvalid."""
        return self.gate.viewer(token, now=self.clock.now())

    def visitor(self, session: SessionId) -> Viewer:
        """Who the owner of a browser session is; raises TokenInvalid."""
        return self.gate.visitor(session, now=self.clock.now())

    def open_session(self, envelope: Envelope) -> Session:
        """The first token of whoever signed the Access; raises every refusal."""
        return self.entrance.open_session(envelope, now=self.clock.now())

    def open_browser_session(self, envelope: Envelope) -> BrowserSession:
        """The browser session of whoever signed the Access; raises every refusal."""
        return self.entrance.open_browser_session(envelope, now=self.clock.now())

    def end_browser_session(self, session: SessionId) -> None:
        """Logged out: at once here, within seconds elsewhere."""
        now = self.clock.now()
        self.writer.commit(lambda connection: end_session(connection, session.digest, now=now))
        self.gate.forget(session_name(session))

    def make_token(self, grant: Grant, *, request: Request, render: RenderToken) -> Answer:
        """A token for what is granted; under the same key again the answer without its secret."""
        now = self.clock.now()

        def make(connection: Connection) -> Answer:
            if (kept := recall(connection, request)) is not None:
                return kept
            token = make_token()
            keep_token(connection, token, grant, access=None, now=now)
            remember(connection, request, status=CREATED, body=render(token, False), now=now)
            return Answer(CREATED, render(token, True), is_replay=False)

        return self.writer.commit(make)

    def revoke_token(self, lookup: str, *, participant: bytes) -> None:
        """At once here, within seconds elsewhere; raises ResourceUnknown for another's."""
        now = self.clock.now()
        self.writer.commit(
            lambda connection: revoke_token(connection, lookup, participant=participant, now=now)
        )
        self.gate.forget(token_name(lookup))

    def invite(
        self,
        viewer: Viewer,
        participant: bytes,
        *,
        person: int,
        request: Request,
        render: RenderInvitation,
    ) -> Answer:
        """An invitation of a participant's person, with a custody key to be added by its owner.

        Raises IdentifierUnknown, IdentifierKindWrong, CustodyForbidden, InvitationForbidden.
        """
        now = self.clock.now()
        with self.store.reading() as reading:
            self._require_invitable(reading, participant, viewer)
            ended = _ended_keys(reading, participant, person=person, now=now)
        assert viewer.participant is not None, "who may invite is somebody's person"
        invited = Invited(participant, person, viewer.participant)

        def invite(connection: Connection) -> Answer:
            if (kept := recall(connection, request)) is not None:
                return kept
            key = self._custody_key(connection, invited, ended=ended, now=now)
            invitation = Invitation(make_secret(), key["address"], now + INVITATION_SECONDS)
            keep_invitation(connection, invited, invitation, now=now)
            remember(connection, request, status=CREATED, body=render(invitation, False), now=now)
            return Answer(CREATED, render(invitation, True), is_replay=False)

        return self.writer.commit(invite)

    def accept_invitation(self, secret: str) -> Session:
        """The first token of the invited person; raises ResourceUnknown, InvitationUsed."""
        now = self.clock.now()

        def accept(connection: Connection) -> Session:
            row = use_invitation(connection, secret, now=now)
            grant = Grant(row["participant"], row["person"], INVITED_SCOPES, now + TOKEN_SECONDS)
            session = Session(make_token(), grant)
            keep_token(connection, session.token, grant, access=None, now=now)
            return session

        return self.writer.commit(accept)

    def _require_invitable(self, reading: Connection, participant: bytes, viewer: Viewer) -> None:
        kind = kind_of(reading, participant)
        if kind == 0:
            raise IdentifierUnknown(participant)
        if kind not in PARTICIPANT_KINDS:
            raise IdentifierKindWrong(participant, kind)
        self.custody.require_allowed(kind)
        is_owner = owner_of(reading, participant) == viewer.participant
        if not is_owner and viewer.kind != KINDS["REGULATOR"]:
            raise InvitationForbidden(participant)

    def _custody_key(
        self, connection: Connection, invited: Invited, *, ended: set[bytes], now: int
    ) -> Row:
        """The person's key, a fresh one where there is none or the last was ended on chain."""
        participant, person = invited.participant, invited.person
        held = custody_keys(connection, participant, person=person)
        if held and held[0]["address"] not in ended:
            return held[0]
        return make_custody_key(
            connection, participant, person=person, sealing_key=self.sealing_key, now=now
        )


def _ended_keys(reading: Connection, participant: bytes, *, person: int, now: int) -> set[bytes]:
    addresses = [row["address"] for row in custody_keys(reading, participant, person=person)]
    return {one for one in addresses if has_ended(reading, participant, one, now=now)}
