"""The archive of a backup: one tar file whose first part measures and digests the others.

Only what `write_archive` writes is read: these parts in this order and nothing beside them. Each
header is read by itself, so that no path, link, extension or size which an archive claims is ever
acted upon. Nothing is compressed: an archive cannot grow while it is read.
"""

import hashlib
import json
import os
import tarfile
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from ledger.errors import DoorRefusal, PayloadTooLarge
from ledger.service_keys import KEY_NAMES
from ledger.strict_json import RequestMalformed, parse_strict

DATABASE = "ledger.db"
PARTS = (DATABASE, *(f"keys/{name}.json" for name in KEY_NAMES))
FORMAT, VERSION = "carbonledger-backup", 1

_CONTENTS, _CONTENTS_DIGEST = "manifest.json", "manifest.json.sha256"
_CONTENTS_BYTES_MAX = 65_536
_PIECE = 2**20
_BLOCK, _RECORD = tarfile.BLOCKSIZE, tarfile.RECORDSIZE


@dataclass(eq=False)
class ArchiveForeign(DoorRefusal):
    """Not an archive of a backup: `reason` is header, part, contents or version."""

    reason: str


@dataclass(eq=False)
class ArchiveDamaged(DoorRefusal):
    """A part is not what was written: `reason` is truncated, header, size, digest or padding."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an archive; `sha256` is hex, as sha256sum prints it."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds: the chain's head then, how far the mirror was, the parts.

    `made_at` is unix seconds, `head` 0x and hex; `mirror_block` is None without a mirror.
    """

    made_at: int
    block: int
    head: str
    mirror_block: int | None
    parts: tuple[Part, ...]


def measure(folder: Path) -> tuple[Part, ...]:
    """The parts of an archive as they lie in a folder."""
    return tuple(_measured(folder, name) for name in PARTS)


def _measured(folder: Path, name: str) -> Part:
    with (folder / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return Part(name, file.tell(), digest.hexdigest())


def write_archive(path: Path, contents: Contents, *, folder: Path) -> None:
    """Write the parts in a folder into a new file (0600), on the disk on return."""
    told = json.dumps({"format": FORMAT, "version": VERSION, **asdict(contents)}, indent=1).encode()
    digest = f"{hashlib.sha256(told).hexdigest()}  {_CONTENTS}\n".encode("ascii")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        # GNU's format gives a size beyond 8 GiB in the header itself.
        with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for name, content in ((_CONTENTS, told), (_CONTENTS_DIGEST, digest)):
                header = _header(name, len(content), made_at=contents.made_at)
                archive.addfile(header, BytesIO(content))
            for part in contents.parts:
                header = _header(part.name, part.size_bytes, made_at=contents.made_at)
                with (folder / part.name).open("rb") as source:
                    archive.addfile(header, source)
        file.flush()
        os.fsync(file.fileno())


def _header(name: str, size: int, *, made_at: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, 0o600, made_at
    return header


def unpack(archive: Path, *, folder: Path) -> Contents:
    """Write the parts of an archive into a folder, each proven by its size and digest.

    Raises ArchiveForeign, ArchiveDamaged; then what was written so far is worth nothing.
    """
    with archive.open("rb") as file:
        contents = _read_contents(file)
        for part in contents.parts:
            if _next_size(file, part.name) != part.size_bytes:
                raise ArchiveDamaged(part.name, "size")
            _write_part(file, part, folder / part.name)
        _require_end(file)
    return contents


def _read_contents(file: BinaryIO) -> Contents:
    told = _small_part(file, _CONTENTS)
    line = _small_part(file, _CONTENTS_DIGEST)
    if line != f"{hashlib.sha256(told).hexdigest()}  {_CONTENTS}\n".encode("ascii"):
        raise ArchiveDamaged(_CONTENTS, "digest")
    try:
        document = parse_strict(told, limit_bytes=_CONTENTS_BYTES_MAX)
    except (RequestMalformed, PayloadTooLarge):
        raise ArchiveForeign("contents") from None
    return _checked(document)


def _checked(document: Any) -> Contents:
    match document:
        case {
            "format": str(name),
            "version": int(version),
            "made_at": int(made_at),
            "block": int(block),
            "head": str(head),
            "mirror_block": int() | None as mirror_block,
            "parts": list(parts),
        } if name == FORMAT and len(document) == 7:
            if version != VERSION:
                raise ArchiveForeign("version")
            checked = tuple(_checked_part(part) for part in parts)
            if tuple(part.name for part in checked) == PARTS:
                return Contents(made_at, block, head, mirror_block, checked)
    raise ArchiveForeign("contents")


def _checked_part(part: Any) -> Part:
    match part:
        case {"name": str(name), "size_bytes": int(size), "sha256": str(digest)}:
            return Part(name, size, digest)
    raise ArchiveForeign("contents")


def _small_part(file: BinaryIO, name: str) -> bytes:
    size = _next_size(file, name)
    if size > _CONTENTS_BYTES_MAX:
        raise ArchiveForeign("contents")
    content = file.read(size)
    _skip_padding(file, name, size)
    return content


def _next_size(file: BinaryIO, name: str) -> int:
    """The size of the part that must come next and be there whole."""
    header = _next_header(file, name)
    if header.name != name or header.type != tarfile.REGTYPE:
        raise ArchiveForeign("part")
    left = os.fstat(file.fileno()).st_size - file.tell()
    if not 0 <= header.size <= left:
        raise ArchiveDamaged(name, "truncated")
    return header.size


def _next_header(file: BinaryIO, name: str) -> tarfile.TarInfo:
    is_first = file.tell() == 0
    block = file.read(_BLOCK)
    if len(block) < _BLOCK and not is_first:
        raise ArchiveDamaged(name, "truncated")
    try:
        return tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError):
        raise ArchiveForeign("header") if is_first else ArchiveDamaged(name, "header") from None


def _write_part(file: BinaryIO, part: Part, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    digest, left = hashlib.sha256(), part.size_bytes
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as written:
        while left > 0:
            piece = file.read(min(left, _PIECE))
            if not piece:  # the file shrinks while it is read
                raise ArchiveDamaged(part.name, "truncated")
            digest.update(piece)
            written.write(piece)
            left -= len(piece)
        written.flush()
        os.fsync(written.fileno())
    if digest.hexdigest() != part.sha256:
        raise ArchiveDamaged(part.name, "digest")
    _skip_padding(file, part.name, part.size_bytes)


def _skip_padding(file: BinaryIO, name: str, size: int) -> None:
    wanted = -size % _BLOCK
    padding = file.read(wanted)
    if padding != bytes(wanted):
        raise ArchiveDamaged(name, "truncated" if len(padding) < wanted else "padding")


def _require_end(file: BinaryIO) -> None:
    """Two empty blocks and what fills the record in which they end; nothing may come after."""
    rest = file.read(_RECORD + _BLOCK + 1)
    if any(rest) or file.read(1):
        raise ArchiveForeign("part")
    if len(rest) < 2 * _BLOCK or file.tell() % _RECORD:
        raise ArchiveDamaged(PARTS[-1], "truncated")


def sync_folder(folder: Path) -> None:
    """What was made or renamed in the folder is on the disk on return."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
