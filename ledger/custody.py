"""Custody: the service signs for persons who have no key in hand, with keys it holds for them.

Only here could a stolen server sign, so every act such a key signed is shown as such.
"""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection

from identity.signer import Signer
from ledger.access.custody_keys import custody_key_by_address, custody_keys, signer_of
from ledger.access.viewer import Viewer
from ledger.chain.bindings import KINDS, RIGHTS
from ledger.contract_errors import KeyNotValid, KeyRightMissing
from ledger.errors import CustodyForbidden, CustodyKeyMissing
from ledger.identifiers.service import require_key
from ledger.outbox.act import Envelope, domain_of, unsigned_act
from ledger.outbox.idempotency import Answer, Request, recall
from ledger.preparation import PartialMessage, Preparing, complete, require_complete
from ledger.store.chain_log import freshness
from ledger.store.engine import Store
from ledger.store.manifest import Manifest

T = TypeVar("T")
# They judge others: nobody may be able to sign for them but they (api.md, section 1.1).
_OWN_KEYS_ONLY = frozenset({KINDS["VERIFIER"], KINDS["REGULATOR"]})
_TURNS = 64


class Custody:
    """Signs for whoever may let the service sign. Thread-safe."""

    def __init__(self, store: Store, manifest: Manifest, *, sealing_key: bytes) -> None:
        self._store = store
        self._manifest = manifest
        self._sealing_key = sealing_key
        self._turns = [Lock() for _ in range(_TURNS)]

    def require_allowed(self, kind: int | None) -> None:
        """Raises CustodyForbidden for those who must hold their keys themselves, but in a demo."""
        if kind in _OWN_KEYS_ONLY and not self._manifest.is_demo:
            raise CustodyForbidden(kind)

    def sign_once(
        self,
        partial: PartialMessage,
        viewer: Viewer,
        *,
        request: Request,
        now: int,
        take: Callable[[Envelope], Answer],
    ) -> Answer:
        """The answer to a message completed, signed and taken in, or the one that was given.

        One participant's come one after the other, so that each sees the nonces of those before.
        Raises ScopeMissing, CustodyForbidden, CustodyKeyMissing, and what completing does.
        """
        self._require_entrusted(viewer)
        assert viewer.participant is not None, "who lets others sign is somebody's person"
        with self._turns[viewer.participant[0] % _TURNS]:
            with self._store.reading() as reading:
                if (kept := recall(reading, request)) is not None:
                    return kept
                envelope = self._signed(partial, Preparing(reading, viewer, self._manifest, now))
            return take(envelope)

    def sign_complete(self, partial: PartialMessage, viewer: Viewer, *, now: int) -> Envelope:
        """The envelope of a message that lacks nothing; raises as `sign_once`, FieldInvalid."""
        self._require_entrusted(viewer)
        require_complete(partial.type, partial.given)
        with self._store.reading() as reading:
            return self._signed(partial, Preparing(reading, viewer, self._manifest, now))

    def with_possession(self, envelope: Envelope) -> Envelope:
        """The addition of a key held here proves by itself that somebody has the key."""
        if envelope.type != "KeyAddition" or envelope.possession is not None:
            return envelope
        message = envelope.message
        with self._store.reading() as reading:
            row = custody_key_by_address(reading, message["addedKey"])
        is_meant = row is not None and (row["participant"], row["person"]) == (
            message["participant"],
            message["person"],
        )
        if row is None or not is_meant or not message["rights"] & RIGHTS["CUSTODIAL"]:
            return envelope
        signer = signer_of(row, sealing_key=self._sealing_key)
        act = unsigned_act(envelope.type, message, manifest=self._manifest, key=row["address"])
        return replace(envelope, possession=signer.sign(act.digest))

    def _require_entrusted(self, viewer: Viewer) -> None:
        viewer.require("custody")
        self.require_allowed(viewer.kind)

    def _signed(self, partial: PartialMessage, preparing: Preparing) -> Envelope:
        signer = self._signer(preparing)
        message = complete(partial, preparing)
        act = unsigned_act(partial.type, message, manifest=self._manifest, key=signer.address)
        domain = domain_of(self._manifest, partial.type)
        return Envelope(
            type=partial.type,
            message=message,
            chain_id=domain.chain_id,
            contract=domain.contract,
            signature=signer.sign(act.digest),
            possession=partial.possession,
        )

    def _signer(self, preparing: Preparing) -> Signer:
        """The newest key of the viewer's person that the chain knows as held in custody."""
        reading, viewer = preparing.reading, preparing.viewer
        participant, person = viewer.participant, viewer.person
        assert participant is not None
        assert person is not None
        now = max(preparing.now, freshness(reading).head_time)
        for row in custody_keys(reading, participant, person=person):
            if is_usable(reading, participant, row["address"], person=person, now=now):
                return signer_of(row, sealing_key=self._sealing_key)
        raise CustodyKeyMissing(participant)


def is_usable(
    reading: Connection, participant: bytes, address: bytes, *, person: int, now: int
) -> bool:
    """Whether the chain lets this key sign for that person in custody; raises StandingMissing."""
    try:
        row = require_key(reading, participant, key=address, right="CUSTODIAL", now=now)
    except (KeyNotValid, KeyRightMissing):
        return False
    return bool(row["person"] == person)
