"""Nothing unfinished, nothing of the machine it was written on, no address to install from."""

import json
import re

from tests.house.source_tree import ROOT, text_files

UNFINISHED = re.compile(r"\b(?:TO[D]O|FIXM[E]|XX[X])\b|NotImplemented[E]rror")
MACHINE_PATH = re.compile(
    r"(?<![\w.*])/(?:work|root|home|Users|opt/wheels|tmp/brief)/|[.]{2}/shared"
)
INDEX_HOST = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|npm[m]irror|index-url\s+http")
ADDRESS = re.compile(r"[a-z]+://")
LOCKS = (
    *("requirements.lock", "requirements-dev.lock"),
    *("requirements-installer.lock", "requirements-prove.lock"),
)
PINNED = re.compile(r"^([\w.-]+==[\w.]+)", re.MULTILINE)


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in text_files().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_search_text_finds_nothing_unfinished_when_every_file_is_read() -> None:
    assert _lines_with(UNFINISHED) == []


def test_search_text_finds_no_path_of_a_machine_when_every_file_is_read() -> None:
    assert _lines_with(MACHINE_PATH) == []


def test_search_text_finds_no_package_index_when_every_file_is_read() -> None:
    assert _lines_with(INDEX_HOST) == []


def test_read_lock_finds_hashes_and_no_address_when_pip_would_install_it() -> None:
    for name in LOCKS:
        text = text_files()[name]
        pins = re.split(r"\n(?=\w)", text)[1:]
        assert [pin for pin in pins if "--hash=sha256:" not in pin] == []
        assert not ADDRESS.search(text)


def test_read_lock_finds_every_running_need_when_it_is_the_development_set() -> None:
    running, development = (set(PINNED.findall(text_files()[name])) for name in LOCKS[:2])
    assert running
    assert running - development == set()


def test_read_lock_finds_no_address_when_npm_would_install_it() -> None:
    lock = ROOT / "package-lock.json"
    packages = json.loads(lock.read_text("utf-8"))["packages"] if lock.exists() else {}
    assert [name for name, package in packages.items() if "resolved" in package] == []
