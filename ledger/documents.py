"""Documents and readings as they are taken in and given out: owners, idempotency, the audit log."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from ledger.access.audit import Access, record_access
from ledger.access.viewer import Viewer
from ledger.clock import Clock
from ledger.emissions.explanation import Explanation, report_explanation
from ledger.emissions.sight import View
from ledger.errors import FieldInvalid, ResourceUnknown
from ledger.evidence.documents import (
    Document,
    digest_of,
    get_document,
    store_document,
)
from ledger.evidence.months import (
    ReadMonth,
    meter_by_record,
    months_of_upload,
    parse_meter_record,
    read_month,
    seed_of,
    store_month,
)
from ledger.identifiers.acting import owner_of
from ledger.identifiers.queries import subject_by_hash
from ledger.outbox.acceptance import CREATED
from ledger.outbox.idempotency import Answer, Request, recall, remember
from ledger.outbox.recorded import Sight, act_of_type
from ledger.period import Period
from ledger.store.chain_log import show_moment
from ledger.store.engine import Store
from ledger.store.rows import Row
from ledger.store.writer import Writer
from ledger.verification.sight import activity_view, document_view

_REASON_CHARACTERS_MAX = 200  # of what is written down for ever


@dataclass(frozen=True, slots=True)
class ReadingsUpload:
    """One meter's month as it came: meter and salt seed 32 bytes each; None: none was sent."""

    document: Document
    meter: bytes
    period: Period
    seed: bytes | None


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document as it is given out; `seed` is that of readings, for their owner alone."""

    content: bytes
    media_type: str
    seed: bytes | None


class Documents:
    """What is kept by its digest, for whom it is to be seen."""

    def __init__(self, store: Store, writer: Writer, clock: Clock, *, sealing_key: bytes) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._sealing_key = sealing_key

    def take_readings(
        self,
        upload: ReadingsUpload,
        *,
        request: Request,
        render: Callable[[ReadMonth, bytes], bytes],
    ) -> Answer:
        """Take a meter's month in; raises ReadingsMalformed and what names the meter."""
        now, owner = self._clock.now(), upload.document.owner
        with self._store.reading() as reading:
            subject = subject_by_hash(reading, upload.meter)
            if subject["owner"] != owner:
                raise ResourceUnknown(f"meters/{subject['name']}")
            if (kept := recall(reading, request)) is not None:
                return kept
            meter = meter_by_record(reading, name=subject["name"], record=subject["record"])
            if owner_of(reading, meter.facility) != owner:
                raise FieldInvalid([{"pointer": "/facility", "rule": "of_the_meter's_owner"}])
            seed = upload.seed or self._seed_for(reading, upload)
        content = upload.document.content
        month = read_month(content, meter=meter, period=upload.period, seed=seed)

        def store(connection: Connection) -> Answer:
            digest = store_month(
                connection,
                month,
                document=upload.document,
                sealing_key=self._sealing_key,
                now=now,
            )
            return _remember_once(connection, request, body=render(month, digest), now=now)

        return self._writer.commit(store)

    def _seed_for(self, reading: Connection, upload: ReadingsUpload) -> bytes:
        """The seed that the same upload had before, so that its root stays; else a fresh one."""
        for month in months_of_upload(reading, digest_of(upload.document.content, claimed=None)):
            if (month["meter"], month["period"]) == (upload.meter, upload.period.number):
                return seed_of(month, sealing_key=self._sealing_key)
        return secrets.token_bytes(32)

    def take_document(
        self,
        document: Document,
        *,
        claimed: bytes | None,
        request: Request,
        render: Callable[[bytes], bytes],
    ) -> Answer:
        """Keep a document by its digest; raises DocumentMismatch when it claims another."""
        now = self._clock.now()
        digest = digest_of(document.content, claimed=claimed)
        if document.kind == "meter_record":
            parse_meter_record(document.content)

        def store(connection: Connection) -> Answer:
            store_document(connection, document, now=now)
            return _remember_once(connection, request, body=render(digest), now=now)

        return self._writer.commit(store)

    def read_document(self, viewer: Viewer, digest: bytes, *, reason: str | None) -> KeptDocument:
        """A document, for whom it is to be seen.

        A regulator says why; whoever reads another's is written down first. Raises
        ResourceUnknown, FieldInvalid.
        """
        with self._reading() as reading:
            seen = document_view(reading, viewer, digest)
            if seen is None:
                raise ResourceUnknown(f"documents/0x{digest.hex()}")
            view, owner = seen
            _require_reason(view, reason)
            row = get_document(reading, digest)
            seed = self._own_seed(reading, owner, digest) if view == "owner" else None
        self._write_down(viewer, Access(owner, digest, view, reason))
        return KeptDocument(row["content"], row["media_type"], seed)

    def _own_seed(self, reading: Connection, owner: bytes, digest: bytes) -> bytes | None:
        """The newest seed of readings for the one whose they are: others may have the same."""
        for month in months_of_upload(reading, digest):
            if owner_of(reading, month["facility"]) == owner:
                return seed_of(month, sealing_key=self._sealing_key)
        return None

    def explain_report(
        self, viewer: Viewer, report: bytes, *, reason: str | None
    ) -> tuple[Row, Explanation]:
        """A report with how its figure comes about, under the same rules as its documents.

        Raises ResourceUnknown, FieldInvalid, RulePackUnknown, FigureTooLarge.
        """
        with self._reading() as reading:
            row = act_of_type(reading, "Report", report, Sight())
            owner, year = row["enterprise"], Period(row["period"]).year
            view = activity_view(reading, viewer, owner, year=year)
            if view is None:
                raise ResourceUnknown(f"0x{report.hex()}")
            _require_reason(view, reason)
            told = report_explanation(reading, row)
        self._write_down(viewer, Access(owner, report, view, reason))
        return row, told

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A snapshot that knows the time by which is judged who sees what."""
        with self._store.reading() as reading:
            show_moment(reading, None, now=self._clock.now())
            yield reading

    def _write_down(self, viewer: Viewer, access: Access) -> None:
        """Before anything is told; an owner's own reading is nobody's affair."""
        if access.view == "owner":
            return
        now = self._clock.now()
        self._writer.commit(lambda connection: record_access(connection, viewer, access, now=now))


def _require_reason(view: View, reason: str | None) -> None:
    """A regulator says why it looks, and nobody writes a novel; raises FieldInvalid."""
    if reason is not None and len(reason) > _REASON_CHARACTERS_MAX:
        raise FieldInvalid([{"pointer": "/reason", "rule": f"length:{_REASON_CHARACTERS_MAX}"}])
    if view == "regulator" and not (reason and reason.strip()):
        raise FieldInvalid([{"pointer": "/reason", "rule": "missing"}])


def _remember_once(connection: Connection, request: Request, *, body: bytes, now: int) -> Answer:
    if (kept := recall(connection, request)) is not None:
        return kept
    return remember(connection, request, status=CREATED, body=body, now=now)
