"""What of a ledger's kept rows is not what its service wrote."""

from ledger.store.broken_rows import broken_rows, count_of_total
from ledger.store.engine import Store


def broken_kept_rows(store: Store, mac_key: bytes) -> list[str]:
    """Rows whose MACs do not come out, and last a total that does not."""
    with store.reading_kept() as reading:
        broken = [str(one) for one in broken_rows(reading, mac_key)]
        return broken if count_of_total(reading) is not None else [*broken, "total"]
