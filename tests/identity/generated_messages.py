"""Generated messages of every type: bounds first, then values from a fixed seed."""

import random
from collections.abc import Callable, Iterator

from identity.typed_data import ACCESS, ACKNOWLEDGEMENT, DELIVERY, FINDING, Fields

MESSAGES_PER_TYPE = 1_000
OFF_CHAIN: dict[str, Fields] = {
    "Finding": FINDING,
    "Delivery": DELIVERY,
    "Access": ACCESS,
    "Acknowledgement": ACKNOWLEDGEMENT,
}
_TEXTS = (
    "",
    " ",
    "\x00",
    "ENT.0001",
    "蒸汽",
    "é",
    "e\u0301",
    "🏭\u200b",
    "\uffff",
    "\U0010ffff",
    "A" * 31,
    "A" * 32,
    "A" * 33,
    "核" * 200,
)
_ALPHABET = "aZ0._:-/%\x00\x7f\x80éß中文核\u2028\ud7ff\ue000\U0001f3ed"


def generate_messages(name: str, fields: Fields) -> Iterator[dict[str, object]]:
    """MESSAGES_PER_TYPE messages of a type, the same in every run."""
    source = random.Random(name)
    makers = {field: _maker(kind, source) for field, kind in fields}
    for index in range(MESSAGES_PER_TYPE):
        yield {field: make(index) for field, make in makers.items()}


def _maker(kind: str, source: random.Random) -> Callable[[int], object]:
    """What gives the n-th value of a type: its bounds in turn, now and then, else any."""
    bounds, drawn = _bounds(kind), _drawn(kind, source)

    def make(index: int) -> object:
        if index < len(bounds):
            return bounds[index]
        return source.choice(bounds) if source.random() < 0.2 else drawn()

    return make


def _bounds(kind: str) -> tuple[object, ...]:
    match kind:
        case "bool":
            return (False, True)
        case "string":
            return _TEXTS
        case "bytes32" | "address":
            size = 32 if kind == "bytes32" else 20
            return (bytes(size), b"\xff" * size, b"\x80" + bytes(size - 1), bytes(size - 1) + b"\1")
    low, high = _range(kind)
    return (low, high, 0, 1, low + 1, high - 1)


def _drawn(kind: str, source: random.Random) -> Callable[[], object]:
    match kind:
        case "bool":
            return lambda: source.random() < 0.5
        case "string":
            return lambda: "".join(source.choices(_ALPHABET, k=source.randrange(70)))
        case "bytes32":
            return lambda: source.randbytes(32)
        case "address":
            return lambda: source.randbytes(20)
    low, high = _range(kind)
    return lambda: source.randint(low, high)


def _range(kind: str) -> tuple[int, int]:
    bits = int(kind.removeprefix("u").removeprefix("int"))
    return (0, 2**bits - 1) if kind.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
