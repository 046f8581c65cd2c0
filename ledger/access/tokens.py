"""Access tokens: 256 random bits with a name to look them up by and a sum against mistyping.

Only the SHA-256 of the secret is kept: what is random needs no slow hash (api.md, section 5).
"""

import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, insert, select, update

from ledger.access.model import session_table, token_table
from ledger.access.viewer import SCOPES, Scope
from ledger.errors import ResourceUnknown, TokenInvalid
from ledger.outbox.recorded import Page
from ledger.store.rows import Row, every_row, first_row

SESSION_SECONDS_MAX = 12 * 3600
TOKEN_SECONDS, TOKEN_SECONDS_MAX = 90 * 86_400, 400 * 86_400
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LOOKUP_CHARACTERS = 12
_SUM_CHARACTERS = 6
_SECRET_BYTES = 32
_TOKEN = re.compile(r"clt_([0-9A-Za-z]{12})_([0-9A-Za-z_-]{43})([0-9A-Za-z]{6})")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token opens: for whom, how far, until when (unix seconds).

    `participant` is 32 bytes, None for a token of the machine's operator.
    """

    participant: bytes | None
    person: int | None
    scopes: frozenset[Scope]
    expires_at: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token's parts: its name, public, and the secret of 43 characters."""

    lookup: str
    secret: str

    @property
    def text(self) -> str:
        """`clt_`, the name, `_`, the secret, and a check sum so that slips are seen."""
        body = f"clt_{self.lookup}_{self.secret}"
        return body + _check_sum(body)

    @property
    def digest(self) -> bytes:
        """What is kept of the secret: 32 bytes."""
        return sha256(self.secret.encode()).digest()

    def __repr__(self) -> str:
        return f"Token({self.lookup}, ...)"


def make_token() -> Token:
    """A fresh token that opens nothing yet."""
    lookup = "".join(secrets.choice(_BASE62) for _ in range(_LOOKUP_CHARACTERS))
    return Token(lookup, secrets.token_urlsafe(_SECRET_BYTES))


def parse_token(text: str) -> Token:
    """The parts of a token's text; raises TokenInvalid (unknown) for what no token can be."""
    match = _TOKEN.fullmatch(text)
    if match is None or _check_sum(text[:-_SUM_CHARACTERS]) != match[3]:
        raise TokenInvalid("unknown")
    return Token(match[1], match[2])


def _check_sum(text: str) -> str:
    """The CRC-32 of the text as six digits of base 62, which hold any 32 bits."""
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(_SUM_CHARACTERS):
        number, digit = divmod(number, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits


def keep_token(
    connection: Connection, token: Token, grant: Grant, *, access: bytes | None, now: int
) -> None:
    """Let the token open what is granted; `access` is the id of the signed Access behind it."""
    row = {"lookup": token.lookup, "secret": token.digest, "access": access, "created_at": now}
    opened = {"participant": grant.participant, "person": grant.person}
    opened |= {"scopes": scope_bits(grant.scopes), "expires_at": grant.expires_at}
    connection.execute(insert(token_table).values(**row, **opened))


def tokens_of(reading: Connection, participant: bytes, page: Page) -> list[Row]:
    """A participant's tokens, ended ones too, oldest first; no secrets."""
    table = token_table
    columns = [column for column in table.c if column.name not in ("secret", "access")]
    query = select(*columns).where(table.c.participant == participant)
    return every_row(reading, page.ordered(query, table.c.seq))


def revoke_token(connection: Connection, lookup: str, *, participant: bytes, now: int) -> None:
    """It opens nothing from now on; raises ResourceUnknown for one that is not theirs."""
    table = token_table
    mine = (table.c.lookup == lookup) & (table.c.participant == participant)
    row = first_row(connection, select(table.c.revoked_at).where(mine))
    if row is None:
        raise ResourceUnknown(f"tokens/{lookup}")
    if row["revoked_at"] is None:
        connection.execute(update(table).where(mine).values(revoked_at=now))


def note_used(connection: Connection, *, seq: int, day: int) -> None:
    """The day (since 1970-01-01) on which the token was used last."""
    table = token_table
    connection.execute(update(table).where(table.c.seq == seq).values(last_used_day=day))


def is_used(connection: Connection, access: bytes) -> bool:
    """Whether this signed Access opened a session before, with a token or with a cookie."""
    return any(
        connection.execute(select(table.c.seq).where(table.c.access == access)).first()
        for table in (token_table, session_table)
    )


def valid_token(reading: Connection, token: Token, *, now: int) -> Row:
    """The token's row; raises TokenInvalid: unknown, expired, revoked."""
    query = select(token_table).where(token_table.c.lookup == token.lookup)
    row = first_row(reading, query)
    if row is None or not hmac.compare_digest(row["secret"], token.digest):
        raise TokenInvalid("unknown")
    if row["revoked_at"] is not None:
        raise TokenInvalid("revoked")
    if now >= row["expires_at"]:
        raise TokenInvalid("expired")
    return row


def scope_bits(scopes: frozenset[Scope]) -> int:
    """Scopes as the bit set of `Access.scopes`."""
    return sum(1 << bit for bit, scope in enumerate(SCOPES) if scope in scopes)


def scopes_of(bits: int) -> frozenset[Scope]:
    """The scopes of a bit set; bits beyond them say nothing."""
    return frozenset(scope for bit, scope in enumerate(SCOPES) if bits >> bit & 1)
