"""Names of the tree: their grammar, their canonical form and their 32 bytes on chain.

A prefix is one to eight segments of digits, a subject is a prefix, a slash and a suffix.
Whether a name is registered, and to whom it belongs, is not known here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn
from urllib.parse import unquote_to_bytes

from identity.errors import IdentifierMalformed
from identity.keccak import keccak256

_LENGTH_MAX = 255  # ASCII bytes of one identifier, as the resolvers' API limits it
_ESCAPED_LENGTH_MAX = 3 * _LENGTH_MAX
_ROOT = bytes(32)

_WRAPPER = re.compile(r"(?:hdl:|https?://hdl\.handle\.net/)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[^\x21-\x7e]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SOURCE_CHARACTER = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)

_PREFIX = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,10}){0,7}")
_SUFFIX = re.compile(r"[A-Z0-9](?:[A-Z0-9._:-]{0,126}[A-Z0-9])?")
# As far as a prefix or suffix can be read: where these end stands what is wrong.
_PREFIX_START = re.compile(r"(?:[0-9]{1,10}\.){0,7}(?:[0-9]{1,10})?")
_SUFFIX_START = re.compile(r"(?:[A-Z0-9][A-Z0-9._:-]{0,127})?")


@dataclass(frozen=True, slots=True)
class Identifier:
    """A canonical (upper-case) name; leading zeros are significant.

    Raises IdentifierMalformed (prefix, extra_slash, suffix), position counted in `name`.
    """

    prefix: str
    suffix: str | None

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            raise IdentifierMalformed("prefix", _end_of(_PREFIX_START, self.prefix))
        if self.suffix is not None and not _SUFFIX.fullmatch(self.suffix):
            _refuse_suffix(self.suffix, start=len(self.prefix) + 1)

    @property
    def name(self) -> str:
        return self.prefix if self.suffix is None else f"{self.prefix}/{self.suffix}"

    @property
    def is_prefix(self) -> bool:
        return self.suffix is None

    @property
    def parent(self) -> "Identifier | None":
        """The prefix this name stands directly below, None for a root."""
        if self.suffix is not None:
            return Identifier(self.prefix, None)
        above = self.prefix.rpartition(".")[0]
        return Identifier(above, None) if above else None

    @property
    def label(self) -> str:
        """What this name adds to its parent's: the suffix, or the last segment."""
        return self.prefix.rpartition(".")[2] if self.suffix is None else self.suffix

    @property
    def hash(self) -> bytes:
        """The identifier as the contracts know it: 28 bytes of hash, four zero bytes."""
        above = _prefix_hash(self.prefix)
        if self.suffix is None:
            return above
        return child_hash(above, is_prefix=False, label=self.suffix)


def parse_identifier(text: str, *, allow_prefix: bool = True) -> Identifier:
    """The identifier a text names, in any ASCII case, wrapped or percent-encoded once.

    Without `allow_prefix` a prefix alone is refused (no_slash).
    Raises IdentifierMalformed with the first reason met, position counted in `text`.
    """
    name, positions = _unwrapped(text)
    prefix, slash, suffix = name.upper().partition("/")
    if not slash and not allow_prefix:
        raise IdentifierMalformed("no_slash", len(text))
    try:
        return Identifier(prefix, suffix if slash else None)
    except IdentifierMalformed as refusal:
        raise IdentifierMalformed(refusal.reason, positions[refusal.position]) from None


def child_hash(parent_hash: bytes, *, is_prefix: bool, label: str) -> bytes:
    """The 32 bytes of the name `label` adds below a parent (32 zero bytes above a root)."""
    assert len(parent_hash) == 32
    separator = b"." if is_prefix else b"/"
    return keccak256(parent_hash + separator + keccak256(label.encode()))[:28] + bytes(4)


@lru_cache(maxsize=4096)
def _prefix_hash(prefix: str) -> bytes:
    above, _, segment = prefix.rpartition(".")
    parent_hash = _prefix_hash(above) if above else _ROOT
    return child_hash(parent_hash, is_prefix=True, label=segment)


def _unwrapped(text: str) -> tuple[str, Sequence[int]]:
    """The bare name, and for each of its characters and its end the index in the text."""
    wrapper = _WRAPPER.match(text)
    start = wrapper.end() if wrapper else 0
    if len(text) - start > _ESCAPED_LENGTH_MAX:
        raise IdentifierMalformed("length", start + _ESCAPED_LENGTH_MAX)
    name, positions = text[start:], range(start, len(text) + 1)
    _refuse_forbidden(name, positions)
    if "%" in name:
        return _unescaped(name, positions)
    _refuse_long(name, positions)
    return name, positions


def _unescaped(escaped: str, positions: Sequence[int]) -> tuple[str, Sequence[int]]:
    """The name with its one level of percent-encoding taken off."""
    broken = _BROKEN_ESCAPE.search(escaped)
    if broken:
        raise IdentifierMalformed("percent", positions[broken.start()])
    sources = [positions[match.start()] for match in _SOURCE_CHARACTER.finditer(escaped)]
    try:
        # Bytes of one UTF-8 character are refused below, so one byte is one character.
        name = unquote_to_bytes(escaped).decode("utf-8")
    except UnicodeDecodeError as error:
        raise IdentifierMalformed("utf8", sources[error.start]) from None
    sources.append(positions[len(escaped)])
    _refuse_forbidden(name, sources)
    if "%" in name:
        raise IdentifierMalformed("double_escape", sources[name.index("%")])
    _refuse_long(name, sources)
    return name, sources


def _refuse_forbidden(name: str, positions: Sequence[int]) -> None:
    """Raise at the first character that is not printable ASCII."""
    forbidden = _FORBIDDEN.search(name)
    if forbidden:
        reason = "control_or_space" if forbidden.group().isascii() else "non_ascii"
        raise IdentifierMalformed(reason, positions[forbidden.start()])


def _refuse_long(name: str, positions: Sequence[int]) -> None:
    if len(name) > _LENGTH_MAX:
        raise IdentifierMalformed("length", positions[_LENGTH_MAX])


def _refuse_suffix(suffix: str, *, start: int) -> NoReturn:
    slash = suffix.find("/")
    if slash >= 0:
        raise IdentifierMalformed("extra_slash", start + slash)
    end = _end_of(_SUFFIX_START, suffix)
    is_last_wrong = end == len(suffix) and end > 0
    raise IdentifierMalformed("suffix", start + end - is_last_wrong)


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0
