"""From a token's text to the viewer it stands for, remembered for seconds only."""

from collections.abc import Callable
from hashlib import sha256
from threading import Lock

from cachetools import TTLCache
from sqlalchemy import Connection

from ledger.access.tokens import Token, parse_token, scopes_of, valid_token
from ledger.access.viewer import Viewer
from ledger.errors import TokenInvalid
from ledger.store.engine import Store

# So revoking works within five seconds (api.md, section 5).
_REMEMBERED_SECONDS = 5
_REMEMBERED_MAX = 10_000


class Gate:
    """Knows who comes with which token. Thread-safe."""

    def __init__(self, store: Store, kind_of: Callable[[Connection, bytes], int]) -> None:
        self._store = store
        self._kind_of = kind_of
        self._lock = Lock()
        self._viewers: TTLCache[tuple[str, bytes], tuple[Viewer, int]] = TTLCache(
            _REMEMBERED_MAX, _REMEMBERED_SECONDS
        )

    def viewer(self, text: str, *, now: int) -> Viewer:
        """Who the bearer of this token is; raises TokenInvalid."""
        token = parse_token(text)
        with self._lock:
            known = self._viewers.get((token.lookup, token.digest))
        viewer, expires_at = known or self._read(token, now)
        if now >= expires_at:
            raise TokenInvalid("expired")
        return viewer

    def _read(self, token: Token, now: int) -> tuple[Viewer, int]:
        with self._store.reading() as reading:
            row = valid_token(reading, token, now=now)
            participant = row["participant"]
            viewer = Viewer(
                participant=participant,
                kind=None if participant is None else self._kind_of(reading, participant),
                person=row["person"],
                scopes=scopes_of(row["scopes"]),
                token=sha256(token.lookup.encode()).digest(),
            )
        with self._lock:
            self._viewers[token.lookup, token.digest] = (viewer, row["expires_at"])
        return viewer, row["expires_at"]
