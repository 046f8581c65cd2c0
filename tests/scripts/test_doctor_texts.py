"""The doctor has sentences for everything that is found, and for nothing else."""

import ast
from string import Formatter

import pytest

from ledger.diagnosis.diagnosis import OF_THE_HISTORY, OF_THE_PLACE
from ledger.diagnosis.finding import Finding
from scripts.commands.doctor import GENERAL, sentences
from scripts.output import TEXTS_FILE
from scripts.texts import catalogue
from tests.house.source_tree import modules, parsed

STATES = {"ok", "bad", "unknown"}


def _calls() -> list[tuple[str, str, str, set[str]]]:
    """State, check, cause and the names of the facts of every finding in the code."""
    rooms = [path for name, path in modules().items() if name.startswith("ledger.diagnosis.")]
    calls = [
        node for path in rooms for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)
    ]
    return [
        (call.func.id, _word(call.args[0]), _word(call.args[1]), _facts(call))
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in STATES
    ]


def _word(node: ast.expr) -> str:
    """A literal, `foreign or empty` for a choice of two, nothing for a name."""
    match node:
        case ast.Constant(value=str(word)):
            return word
        case ast.IfExp(body=body, orelse=orelse):
            return f"{_word(body)} {_word(orelse)}"
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


def test_read_catalogue_finds_every_sentence_and_no_other_when_the_code_says_it() -> None:
    found = _found()
    assert len(found) > 50
    doctor = {f"doctor.{key}" for _, key, _ in found}
    doctor |= {f"doctor.{key}.next" for state, key, _ in found if state == "bad"}
    doctor |= {f"doctor.{check}" for check in ("directory", *OF_THE_PLACE, *OF_THE_HISTORY)}
    kept = {key for key in catalogue(TEXTS_FILE)["en"] if key.startswith("doctor.")}
    assert kept == doctor


def test_fill_sentence_finds_its_facts_when_a_check_tells_them() -> None:
    wanting = [
        key
        for state, key, facts in _found()
        for part in (["", ".next"] if state == "bad" else [""])
        if _blanks(catalogue(TEXTS_FILE)["en"][f"doctor.{key}{part}"]) - facts
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
