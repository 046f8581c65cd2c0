"""Archives: what is written comes back; what was cut, changed or made by others is refused."""

import hashlib
import io
import json
import os
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.backup.archive import (
    PARTS,
    ArchiveDamaged,
    ArchiveForeign,
    Contents,
    measure,
    unpack,
    write_archive,
)

Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of small parts."""
    folder = tmp_path / "folder"
    (folder / "keys").mkdir(parents=True)
    for name in PARTS:
        (folder / name).write_bytes(random.Random(name).randbytes(700))
    contents = Contents(1_700_000_000, 7, "0x" + "ab" * 32, None, measure(folder))
    write_archive(tmp_path / "archive", contents, folder=folder)
    return tmp_path / "archive"


def unpacked(archive: Path) -> Path:
    folder = archive.parent / "unpacked"
    folder.mkdir()
    unpack(archive, folder=folder)
    return folder


def members(archive: Path) -> Members:
    with tarfile.open(archive) as file:
        return [(one, file.extractfile(one).read()) for one in file]  # type: ignore[union-attr]


def rewrite(archive: Path, found: Members) -> None:
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as file:
        for header, content in found:
            file.addfile(header, io.BytesIO(content))


def test_unpack_gives_every_part_when_nothing_was_changed(archive: Path) -> None:
    folder = unpacked(archive)
    for name in PARTS:
        assert (folder / name).read_bytes() == random.Random(name).randbytes(700)
        assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_unpack_takes_every_length_when_the_end_falls_anywhere_in_a_record(
    tmp_path: Path,
) -> None:
    for blocks in range(21):
        folder = tmp_path / f"{blocks}"
        (folder / "keys").mkdir(parents=True)
        for name in PARTS:
            (folder / name).write_bytes(bytes(512 * blocks if name == PARTS[0] else 7))
        archive = folder / "archive"
        write_archive(archive, Contents(0, 7, "0x", 7, measure(folder)), folder=folder)
        assert unpacked(archive).is_dir()


def test_write_makes_a_private_file_when_it_is_new(archive: Path) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600


def test_unpack_is_refused_when_it_ends_anywhere_before_its_end(archive: Path) -> None:
    whole = archive.read_bytes()
    end = whole.rindex(random.Random(PARTS[-1]).randbytes(700)) + 1024
    for length in range(0, end + 512, 256):
        archive.write_bytes(whole[:length])
        folder = archive.parent / f"cut {length}"
        folder.mkdir()
        with pytest.raises(ArchiveForeign if length < 512 else ArchiveDamaged):
            unpack(archive, folder=folder)


def test_unpack_is_refused_when_any_byte_is_another(archive: Path) -> None:
    whole = archive.read_bytes()
    for place in random.Random(7).sample(range(len(whole)), 300):
        changed = bytearray(whole)
        changed[place] ^= 1
        archive.write_bytes(changed)
        folder = archive.parent / f"changed {place}"
        folder.mkdir()
        with pytest.raises((ArchiveDamaged, ArchiveForeign)):
            unpack(archive, folder=folder)


@pytest.mark.parametrize(
    ("name", "reason"), [("nothing", "header"), ("text", "header"), ("gzip", "header")]
)
def test_unpack_is_refused_when_the_file_is_no_archive(
    archive: Path, name: str, reason: str
) -> None:
    contents = {"nothing": b"", "text": b"hello" * 300, "gzip": b"\x1f\x8b" + bytes(2000)}
    archive.write_bytes(contents[name])
    with pytest.raises(ArchiveForeign) as refusal:
        unpacked(archive)
    assert refusal.value.facts == {"reason": reason}


def _climb(found: Members) -> None:
    found[2][0].name = "../ledger.db"


def _absolute(found: Members) -> None:
    found[2][0].name = "/ledger.db"


def _link(found: Members) -> None:
    found[3][0].type, found[3][0].linkname, found[3][0].size = tarfile.SYMTYPE, "/etc/passwd", 0


def _hard_link(found: Members) -> None:
    found[3][0].type, found[3][0].linkname, found[3][0].size = tarfile.LNKTYPE, "ledger.db", 0


def _device(found: Members) -> None:
    found[3][0].type, found[3][0].size = tarfile.CHRTYPE, 0


def _swap(found: Members) -> None:
    found[3], found[4] = found[4], found[3]


def _one_more(found: Members) -> None:
    found.append((tarfile.TarInfo("keys/passphrase"), b""))


def _extended(found: Members) -> None:
    found[0][0].name = "x" * 200  # which GNU's format writes as a header of its own


@pytest.mark.parametrize(
    "change", [_climb, _absolute, _link, _hard_link, _device, _swap, _one_more, _extended]
)
def test_unpack_is_refused_when_a_part_is_none_of_ours(
    archive: Path, change: Callable[[Members], None]
) -> None:
    found = members(archive)
    change(found)
    rewrite(archive, found)
    with pytest.raises(ArchiveForeign) as refusal:
        unpacked(archive)
    assert refusal.value.facts == {"reason": "part"}
    assert not (archive.parent / "ledger.db").exists()


def test_unpack_is_refused_when_a_size_is_claimed_that_no_disk_has(archive: Path) -> None:
    whole = archive.read_bytes()
    header, _ = members(archive)[2]
    place, header.size = whole.index(b"ledger.db\0"), 2**60
    archive.write_bytes(whole[:place] + header.tobuf(tarfile.GNU_FORMAT) + whole[place + 512 :])
    with pytest.raises(ArchiveDamaged) as refusal:
        unpacked(archive)
    assert refusal.value.facts == {"part": "ledger.db", "reason": "truncated"}


def _told(archive: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what the first part tells, its digest with it."""
    found = members(archive)
    told = json.loads(found[0][1])
    change(told)
    content = json.dumps(told).encode()
    digest = f"{hashlib.sha256(content).hexdigest()}  manifest.json\n".encode()
    found[0][0].size = len(content)
    found[0], found[1] = (found[0][0], content), (found[1][0], digest)
    rewrite(archive, found)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, "version"),
        ({"format": "other"}, "contents"),
        ({"block": "7"}, "contents"),
        ({"parts": []}, "contents"),
        ({"parts": [7]}, "contents"),
        ({"more": 1}, "contents"),
        ({"made_at": 1.5}, "contents"),
    ],
)
def test_unpack_is_refused_when_the_contents_are_told_otherwise(
    archive: Path, changes: dict[str, Any], reason: str
) -> None:
    _told(archive, lambda told: told.update(changes))
    with pytest.raises(ArchiveForeign) as refusal:
        unpacked(archive)
    assert refusal.value.facts == {"reason": reason}


def test_unpack_is_refused_when_the_contents_are_too_long(archive: Path) -> None:
    _told(archive, lambda told: told.update({"head": "a" * 100_000}))
    with pytest.raises(ArchiveForeign) as refusal:
        unpacked(archive)
    assert refusal.value.facts == {"reason": "contents"}


@pytest.mark.parametrize(
    ("changes", "reason"), [({"sha256": "00" * 32}, "digest"), ({"size_bytes": 7}, "size")]
)
def test_unpack_is_refused_when_a_part_is_told_otherwise(
    archive: Path, changes: dict[str, Any], reason: str
) -> None:
    _told(archive, lambda told: told["parts"][0].update(changes))
    with pytest.raises(ArchiveDamaged) as refusal:
        unpacked(archive)
    assert refusal.value.facts == {"part": "ledger.db", "reason": reason}


def test_write_is_refused_when_the_file_is_there(archive: Path) -> None:
    contents = Contents(0, 0, "0x", None, ())
    with pytest.raises(FileExistsError):
        write_archive(archive, contents, folder=Path(os.devnull))
