"""Browser sessions: a random id in a cookie, of which only the hash is kept.

The token against forged requests is made from the id, which scripts of a page cannot read.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy import Connection, insert, select, update

from ledger.access.model import session_table
from ledger.access.tokens import Grant, scope_bits
from ledger.errors import TokenInvalid
from ledger.store.rows import Row, first_row

IDLE_SECONDS = 30 * 60
_ID_BYTES = 32
_CSRF_CONTEXT = b"X-CSRF-Token"


@dataclass(frozen=True, slots=True)
class SessionId:
    """What the cookie holds: 43 characters that nobody can guess."""

    text: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What is kept of it: 32 bytes."""
        return sha256(self.text.encode()).digest()

    @property
    def csrf_token(self) -> str:
        """What a write by cookie must also send: 64 hex digits."""
        return hmac.new(self.text.encode(), _CSRF_CONTEXT, sha256).hexdigest()


def make_session_id() -> SessionId:
    """A fresh id that opens nothing yet."""
    return SessionId(secrets.token_urlsafe(_ID_BYTES))


def keep_session(
    connection: Connection, session: SessionId, grant: Grant, *, access: bytes, now: int
) -> None:
    """Let the cookie open what is granted; `access` is the id of the signed Access behind it."""
    row = {"id": session.digest, "access": access, "created_at": now, "seen_at": now}
    opened = {"participant": grant.participant, "person": grant.person}
    opened |= {"scopes": scope_bits(grant.scopes), "expires_at": grant.expires_at}
    connection.execute(insert(session_table).values(**row, **opened))


def valid_session(reading: Connection, session: SessionId, *, now: int) -> Row:
    """The session's row; raises TokenInvalid: unknown, revoked (logged out), expired (or idle)."""
    row = first_row(reading, select(session_table).where(session_table.c.id == session.digest))
    if row is None:
        raise TokenInvalid("unknown")
    if row["ended_at"] is not None:
        raise TokenInvalid("revoked")
    if now >= ends_at(row):
        raise TokenInvalid("expired")
    return row


def ends_at(row: Row) -> int:
    """When the session ends if nobody uses it any more, in unix seconds."""
    return min(int(row["expires_at"]), int(row["seen_at"]) + IDLE_SECONDS)


def note_seen(connection: Connection, digest: bytes, *, now: int) -> None:
    """The session was used."""
    table = session_table
    connection.execute(update(table).where(table.c.id == digest).values(seen_at=now))


def end_session(connection: Connection, digest: bytes, *, now: int) -> None:
    """Logged out; ending what has ended changes nothing."""
    table = session_table
    still = (table.c.id == digest) & table.c.ended_at.is_(None)
    connection.execute(update(table).where(still).values(ended_at=now))
