"""Backup, restore and doctor say the same in both languages, and everything that is found."""

import ast
import re
from string import Formatter

import pytest

from ledger.diagnosis.diagnosis import OF_THE_HISTORY, OF_THE_PLACE
from ledger.diagnosis.finding import Finding
from scripts.commands.doctor import GENERAL, sentences
from scripts.texts import catalogue
from tests.house.source_tree import modules, parsed, text_files

STATES = {"ok", "bad", "unknown"}
CHINESE = re.compile("[\u4e00-\u9fff]")
SAID = re.compile(r'text\(\s*"((?:backup|restore)\.[a-z_]+)"')


def _calls() -> list[tuple[str, str, str, set[str]]]:
    """State, check, cause and the names of the facts of every finding in the code."""
    rooms = [path for name, path in modules().items() if name.startswith("ledger.diagnosis.")]
    calls = [
        node for path in rooms for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)
    ]
    return [
        (call.func.id, *(_word(word) for word in call.args), _facts(call))
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in STATES
    ]


def _word(node: ast.expr) -> str:
    """A literal, `foreign or empty` for a choice of two, nothing for a name."""
    match node:
        case ast.Constant(value=str(word)):
            return word
        case ast.IfExp(body=ast.Constant(value=one), orelse=ast.Constant(value=other)):
            return f"{one} {other}"
    return ""


def _facts(call: ast.Call) -> set[str]:
    spread = {"count", "names"} if any(word.arg is None for word in call.keywords) else set()
    return spread | {word.arg for word in call.keywords if word.arg}


def _found() -> list[tuple[str, str, set[str]]]:
    """State, key and facts of everything that may be found."""
    return [
        (state, cause if cause in GENERAL else f"{check}.{cause}", facts)
        for state, check, causes, facts in _calls()
        for cause in causes.split()
    ]


def _blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_read_catalogue_finds_equal_keys_and_blanks_when_languages_are_compared() -> None:
    zh, en = catalogue()["zh"], catalogue()["en"]
    assert zh.keys() == en.keys()
    assert {key for key in en if _blanks(zh[key]) != _blanks(en[key])} == set()


def test_read_catalogue_finds_chinese_in_zh_only_when_every_sentence_is_read() -> None:
    assert [key for key, said in catalogue()["zh"].items() if not CHINESE.search(said)] == []
    assert [key for key, said in catalogue()["en"].items() if CHINESE.search(said)] == []


def test_read_catalogue_finds_every_sentence_and_no_other_when_the_code_says_it() -> None:
    found = _found()
    assert len(found) > 50
    doctor = {f"doctor.{key}" for _, key, _ in found}
    doctor |= {f"doctor.{key}.next" for state, key, _ in found if state == "bad"}
    doctor |= {f"doctor.{check}" for check in ("directory", *OF_THE_PLACE, *OF_THE_HISTORY)}
    texts = "".join(text_files()[f"scripts/commands/{verb}.py"] for verb in ("backup", "restore"))
    assert set(catalogue()["en"]) == doctor | set(SAID.findall(texts))


def test_fill_sentence_finds_its_facts_when_a_check_tells_them() -> None:
    wanting = [
        key
        for state, key, facts in _found()
        for part in (["", ".next"] if state == "bad" else [""])
        if _blanks(catalogue()["en"][f"doctor.{key}{part}"]) - facts
    ]
    assert wanting == []


@pytest.mark.parametrize(("locale", "word"), [("C", "missing"), ("zh_CN.UTF-8", "缺失")])
def test_tell_finding_speaks_the_language_when_the_terminal_has_one(
    monkeypatch: pytest.MonkeyPatch, locale: str, word: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    finding = Finding("key_files", "bad", "missing", {"count": 2, "names": ["a", "b"]})
    found, way_out = sentences(finding)
    assert word in found and "a, b" in found and way_out
