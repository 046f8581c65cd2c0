"""What browsers get: nothing foreign, nothing inline, vendored files as they were released."""

import hashlib
import json
import re
from pathlib import Path

from tests.house.source_tree import ROOT, text_files

VENDORED = ROOT / "api" / "static" / "vendored"
STYLE_BYTES_MAX = 20_000
# An SVG's namespace is a name that nobody fetches.
FOREIGN = re.compile(
    r"https?://(?!www\.w3\.org/2000/svg)|(?:src|href)=[\"']//|@import|url\(\s*[\"']?//"
)
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son[a-z]+=\"|javascript:")
SAID = re.compile(r"say\(\s*[\"']([^\"']+)[\"'](\s*~)?")
CHOSEN = re.compile(r"say\([^()]*[\"']([a-z.]+)[\"'] if [^()]*? else [\"']([a-z.]+)[\"']")


def _own() -> dict[str, str]:
    """Our own templates and assets by path."""
    return {
        path: text
        for path, text in text_files().items()
        if path.startswith(("api/templates/", "api/static/"))
    }


def test_read_asset_finds_no_foreign_address_when_it_is_ours() -> None:
    assert len(_own()) > 10
    assert {path: found for path, text in _own().items() if (found := FOREIGN.findall(text))} == {}


def test_read_template_finds_nothing_inline_when_the_policy_forbids_it() -> None:
    assert {path: found for path, text in _own().items() if (found := INLINE.findall(text))} == {}


def test_weigh_style_sheet_stays_small_when_it_is_ours() -> None:
    assert len(_own()["api/static/page.css"].encode()) <= STYLE_BYTES_MAX


def test_read_vendored_file_finds_it_as_released_when_its_digest_is_taken() -> None:
    released = json.loads((VENDORED / "released.json").read_text("utf-8"))
    kept = {
        path.relative_to(VENDORED).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDORED.rglob("*")
        if path.is_file() and path.name != "released.json"
    }
    listed = {
        f"{name}/{file}": digest
        for name, package in released.items()
        for file, digest in package["sha256"].items()
    }
    assert kept == listed
    assert all((VENDORED / name / "LICENSE").exists() for name in released)


def test_say_text_has_it_in_both_languages_when_a_template_asks() -> None:
    texts = json.loads(Path(ROOT, "api/pages/texts.json").read_text("utf-8"))
    assert set(texts["zh"]) == set(texts["en"])
    for language in texts.values():
        assert list(language) == sorted(language)
        assert all(text.strip() for text in language.values())
    asked: set[str] = set()
    begun: set[str] = set()
    for text in _own().values():
        for key, is_open in SAID.findall(text):
            (begun if is_open else asked).add(key)
        asked |= {key for pair in CHOSEN.findall(text) for key in pair}
    assert asked - set(texts["en"]) == set()
    unused = {key for key in texts["en"] if key not in asked and not key.startswith(tuple(begun))}
    assert unused == set()
