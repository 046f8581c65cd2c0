"""What the chain itself says is recorded, whatever a mirror says."""

from collections import Counter

from ledger.chain.reader import Reader
from ledger.local_engine import LocalEngine
from tests.park import Park

_RANGE = 500


def reader_of(park: Park) -> Reader:
    """What reads the chain of an open park."""
    engine = park.ledger.engine
    assert isinstance(engine, LocalEngine)
    return engine.reader()


def events_by_id(reader: Reader) -> Counter[str]:
    """How often each act id stands in an event of the chain."""
    head = reader.head_number()
    return Counter(
        "0x" + log.event.fields["id"].hex()
        for first in range(1, head + 1, _RANGE)
        for filled in reader.filled(first, min(first + _RANGE - 1, head))
        for log in filled.logs
        if any(log.event.fields.get("id", b""))
    )
