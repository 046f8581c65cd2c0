"""JSON that two readers cannot understand differently: the only reader of foreign JSON.

Stricter than RFC 8259: UTF-8 only, no byte order mark, no duplicate keys, no fractions or
exponents, integers of at most 16 digits, no lone surrogates, bounded size and depth.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from typing import Any

from ledger.errors import DoorRefusal, PayloadTooLarge

DEPTH_MAX = 32

_SPACE = re.compile(r"[ \t\n\r]*")
_STRINGS = JSONDecoder()  # called at a quotation mark only: it reads strings well
_TOKEN = re.compile(r"[-+.0-9A-Za-z]+")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,15}")
_WORDS = {"true": True, "false": False, "null": None}
_NOT_FINITE = {"NaN", "Infinity"}


@dataclass(eq=False)
class RequestMalformed(DoorRefusal):
    """The JSON cannot be read; `position` is the byte offset of what is wrong.

    `reason` is one of encoding, syntax, text, number, duplicate_key, depth.
    """

    reason: str
    position: int


def parse_strict(data: bytes, *, limit_bytes: int, depth: int = DEPTH_MAX) -> Any:
    """The one JSON value in `data`: dict, list, str, int, bool or None.

    Raises PayloadTooLarge, RequestMalformed.
    """
    if len(data) > limit_bytes:
        raise PayloadTooLarge(limit_bytes)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestMalformed("encoding", error.start) from None
    value = _read_quickly(text, depth)
    return _Reader(text, depth).whole() if value is _UNSURE else value


def _read_quickly(text: str, depth: int) -> Any:
    """The value, if the standard library finds nothing to ask about; else _UNSURE.

    It is nine times as fast as the reader below, which then says what is wrong and where.
    """
    # As many brackets as that cannot nest deeper, and without an escape no surrogate comes alone.
    if text.count("{") + text.count("[") > depth or "\\u" in text:
        return _UNSURE
    try:
        return _QUICK.decode(text)
    except (ValueError, RecursionError):
        return _UNSURE


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > 16 or digits == "-0":
        raise ValueError("not an integer of at most 16 digits")
    return int(digits)


def _nothing_else(word: str) -> Any:
    raise ValueError(f"{word} is not read here")


_UNSURE = object()
_QUICK = JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_nothing_else,
    parse_constant=_nothing_else,
)


class _Reader:
    """A recursive descent over one text; recursion is bounded by the depth."""

    def __init__(self, text: str, depth_max: int) -> None:
        self._text = text
        self._at = 0
        self._depth_left = depth_max

    def whole(self) -> Any:
        value = self._value()
        if self._peek():
            raise self._refusal("syntax", self._at)
        return value

    def _value(self) -> Any:
        match self._peek():
            case "{":
                return self._nested(self._object)
            case "[":
                return self._nested(self._array)
            case '"':
                return self._string()
            case _:
                return self._word_or_integer()

    def _nested(self, read: Callable[[], Any]) -> Any:
        if self._depth_left == 0:
            raise self._refusal("depth", self._at)
        self._depth_left -= 1
        self._at += 1
        value = read()
        self._depth_left += 1
        return value

    def _object(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if self._took("}"):
            return members
        while True:
            self._add_member(members)
            if self._took("}"):
                return members
            self._expect(",")

    def _add_member(self, members: dict[str, Any]) -> None:
        if self._peek() != '"':
            raise self._refusal("syntax", self._at)
        key_at = self._at
        key = self._string()
        if key in members:
            raise self._refusal("duplicate_key", key_at)
        self._expect(":")
        members[key] = self._value()

    def _array(self) -> list[Any]:
        items: list[Any] = []
        if self._took("]"):
            return items
        while True:
            items.append(self._value())
            if self._took("]"):
                return items
            self._expect(",")

    def _string(self) -> str:
        start = self._at
        value: str
        try:
            value, self._at = _STRINGS.raw_decode(self._text, start)
        except JSONDecodeError as error:
            raise self._refusal("text", error.pos) from None
        if not value.isascii() and not is_encodable(value):
            raise self._refusal("text", start)
        return value

    def _word_or_integer(self) -> Any:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self._refusal("syntax", self._at)
        token = match[0]
        if token in _WORDS:
            value: Any = _WORDS[token]
        elif _INTEGER.fullmatch(token):
            value = int(token)
        else:
            is_number = token in _NOT_FINITE or not token[0].isalpha()
            raise self._refusal("number" if is_number else "syntax", self._at)
        self._at = match.end()
        return value

    def _peek(self) -> str:
        """The next character after white space; empty at the end."""
        space = _SPACE.match(self._text, self._at)
        assert space is not None, "the pattern matches nothing too"
        self._at = space.end()
        return self._text[self._at : self._at + 1]

    def _took(self, mark: str) -> bool:
        is_there = self._peek() == mark
        self._at += is_there
        return is_there

    def _expect(self, mark: str) -> None:
        if not self._took(mark):
            raise self._refusal("syntax", self._at)

    def _refusal(self, reason: str, at: int) -> RequestMalformed:
        return RequestMalformed(reason, len(self._text[:at].encode("utf-8")))


def is_encodable(value: str) -> bool:
    """Whether a text has UTF-8 bytes: no lone surrogate is in it."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
