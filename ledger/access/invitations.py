"""Invitations of persons without a key in hand: one use, 72 hours, of the secret only its hash."""

import secrets
from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy import Connection, insert, select, update

from ledger.access.model import invitation_table
from ledger.errors import InvitationUsed, ResourceUnknown
from ledger.store.rows import Row, first_row

INVITATION_SECONDS = 72 * 3600
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom an invitation is for, and who (32 bytes) gave it."""

    participant: bytes
    person: int
    inviter: bytes


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation just made; its secret is told once."""

    secret: str = field(repr=False)
    custody_key: bytes
    expires_at: int


def make_secret() -> str:
    """43 characters that nobody can guess."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def keep_invitation(
    connection: Connection, invited: Invited, invitation: Invitation, *, now: int
) -> None:
    """Let the secret open a token for the invited person once."""
    row = {
        "secret": _digest(invitation.secret),
        "participant": invited.participant,
        "person": invited.person,
        "inviter": invited.inviter,
        "created_at": now,
        "expires_at": invitation.expires_at,
    }
    connection.execute(insert(invitation_table).values(**row))


def use_invitation(connection: Connection, secret: str, *, now: int) -> Row:
    """The invitation, used from now on; raises ResourceUnknown, InvitationUsed."""
    table = invitation_table
    row = first_row(connection, select(table).where(table.c.secret == _digest(secret)))
    if row is None:
        raise ResourceUnknown("invitations")
    if row["used_at"] is not None or now >= row["expires_at"]:
        raise InvitationUsed
    connection.execute(update(table).where(table.c.seq == row["seq"]).values(used_at=now))
    return row


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
