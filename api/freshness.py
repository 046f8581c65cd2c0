"""How far the chain was read for an answer."""

from typing import Any

from api.fields import time_text
from ledger.assembly import Reading
from ledger.outbox.recorded import freshness


def freshness_fields(reading: Reading) -> dict[str, Any]:
    """The block that is shown, the last final one, and the time of the block shown."""
    read = freshness(reading)
    return {
        "as_of_block": read.head_block,
        "final_block": read.final_block,
        "as_of_time": time_text(read.head_time),
    }
