"""From a token's text or a cookie to the viewer it stands for, remembered for seconds only."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import Any

from cachetools import TTLCache
from sqlalchemy import Connection

from ledger.access.browser import SessionId, ends_at, note_seen, valid_session
from ledger.access.tokens import Token, note_used, parse_token, scopes_of, valid_token
from ledger.access.viewer import Viewer
from ledger.errors import TokenInvalid
from ledger.store.engine import Store
from ledger.store.rows import Row

# So revoking works within five seconds (api.md, section 5).
_REMEMBERED_SECONDS = 5
_REMEMBERED_MAX = 10_000
_SEEN_EVERY_SECONDS = 60  # how exactly a session's idle time is known
_DAY_SECONDS = 86_400

Note = Callable[[Callable[[Connection], None]], None]
"""Has something written behind the request, which does not wait for it."""


class Gate:
    """Knows who comes with which token or cookie. Thread-safe."""

    def __init__(
        self, store: Store, kind_of: Callable[[Connection, bytes], int], *, note: Note
    ) -> None:
        self._store = store
        self._kind_of = kind_of
        self._note = note
        self._lock = Lock()
        # By name and digest: a wrong secret under a known name is not the remembered one.
        self._viewers: TTLCache[tuple[bytes, bytes], tuple[Viewer, int]] = TTLCache(
            _REMEMBERED_MAX, _REMEMBERED_SECONDS
        )

    def viewer(self, text: str, *, now: int) -> Viewer:
        """Who the bearer of this token is; raises TokenInvalid."""
        token = parse_token(text)
        name = token_name(token.lookup)
        return self._remembered((name, token.digest), partial(self._read_token, token), now)

    def visitor(self, session: SessionId, *, now: int) -> Viewer:
        """Who the owner of this cookie is; raises TokenInvalid."""
        name = session_name(session)
        return self._remembered((name, session.digest), partial(self._read_session, session), now)

    def forget(self, name: bytes) -> None:
        """Revoked here: the next request asks the tables."""
        with self._lock:
            for key in [key for key in self._viewers if key[0] == name]:
                del self._viewers[key]

    def _remembered(
        self, key: tuple[bytes, bytes], read: Callable[[int], tuple[Row, int]], now: int
    ) -> Viewer:
        with self._lock:
            known = self._viewers.get(key)
        if known is None:
            row, ends = read(now)
            known = self._viewer_of(row, name=key[0]), ends
            with self._lock:
                self._viewers[key] = known
        viewer, expires_at = known
        if now >= expires_at:
            raise TokenInvalid("expired")
        return viewer

    def _read_token(self, token: Token, now: int) -> tuple[Row, int]:
        with self._store.reading() as reading:
            row = valid_token(reading, token, now=now)
        today = now // _DAY_SECONDS
        if row["last_used_day"] != today:
            self._note(partial(note_used, seq=row["seq"], day=today))
        return row, row["expires_at"]

    def _read_session(self, session: SessionId, now: int) -> tuple[Row, int]:
        with self._store.reading() as reading:
            row = valid_session(reading, session, now=now)
        if now - row["seen_at"] >= _SEEN_EVERY_SECONDS:
            self._note(partial(note_seen, digest=session.digest, now=now))
            row |= {"seen_at": now}
        return row, ends_at(row)

    def _viewer_of(self, row: dict[str, Any], *, name: bytes) -> Viewer:
        participant, kind = row["participant"], None
        if participant is not None:
            with self._store.reading() as reading:
                kind = self._kind_of(reading, participant)
        return Viewer(
            participant=participant,
            kind=kind,
            person=row["person"],
            scopes=scopes_of(row["scopes"]),
            token=name,
        )


def token_name(lookup: str) -> bytes:
    """The 32 bytes that name a token's bearer, for idempotency keys and limits."""
    return sha256(lookup.encode()).digest()


def session_name(session: SessionId) -> bytes:
    """The same for a browser session; what is kept of its id is not told twice."""
    return sha256(b"session" + session.digest).digest()
