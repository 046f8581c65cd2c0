"""The one rule between Solidity's names and everybody else's."""

import re
from functools import cache


@cache  # names are the fields of our contracts: a few hundred
def snake_case(name: str) -> str:
    """`EvidenceAnchored` -> `evidence_anchored`, `dueAfter` -> `due_after`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
