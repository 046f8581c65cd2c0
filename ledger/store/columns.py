"""Column types, each checked on the way in."""

from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class FixedBytes(TypeDecorator[bytes]):
    """Bytes of one length; another length is our mistake and never stored."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: bytes | None, _dialect: Dialect) -> bytes | None:
        assert value is None or len(value) == self.length, f"not {self.length} bytes: {value!r}"
        return value

    def process_result_value(self, value: Any, _dialect: Dialect) -> bytes | None:
        return None if value is None else bytes(value)


BYTES32 = FixedBytes(32)
ADDRESS = FixedBytes(20)
SIGNATURE = FixedBytes(65)
# Only an INTEGER key is SQLite's own row number: another one is kept in an index beside the rows.
ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")
