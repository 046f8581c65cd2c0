"""Every refusal has its texts in both languages, its status and its line in the reference.

The classes are read from the source, so that a new one cannot be forgotten by not being imported.
"""

import ast
import json
import re
from functools import cache
from string import Formatter

import pytest

from api.problems import explanation
from tests.house.source_tree import ROOT, modules, parsed

ROOTS = {"Refusal", "ContractRefusal", "DoorRefusal", "IdentityError"}
LANGUAGES = ("en", "zh")
PARTS = {"title", "detail", "next"}
# Identifiers, which are names where the mirror knows them; other bytes are hex nobody reads.
NAMED = {"account", "actor", "enterprise", "facility", "id", "owner", "participant", "verifier"}
# Our own words, file names and ids; every other text may be as long as its sender likes.
SHORT_TEXTS = {
    "ActUnderWay.awaited",
    "ActUnderWay.state",
    "AnswerWrong.what",
    "ArchiveDamaged.part",
    "ArchiveDamaged.reason",
    "ArchiveExists.path",
    "ArchiveForeign.reason",
    "ArchiveUnwritable.path",
    "ArchiveUnwritable.reason",
    "AsOfUnknown.asked",
    "ExportTooLarge.use",
    "BackupElsewhere.part",
    "ChainRulesOld.needed",
    "ConnectionsMalformed.reason",
    "ContractsForeign.contract",
    "DeploymentRefused.reason",
    "CursorMalformed.reason",
    "DatabaseDamaged.file",
    "DirectoryInUse.path",
    "DirectoryNotEmpty.path",
    "DocumentMalformed.reason",
    "FileUnreadable.path",
    "FileUnreadable.reason",
    "IdentifierMalformed.reason",
    "Internal.request_id",
    "KeyMalformed.reason",
    "KeystoreExists.path",
    "KeystoreUnreadable.path",
    "KeystoreUnreadable.reason",
    "MessageMalformed.rule",
    "MirrorMissing.file",
    "ProfileInvalid.path",
    "ProfileInvalid.profile",
    "ProfileInvalid.reason",
    "ReadingsMalformed.reason",
    "RequestMalformed.reason",
    "PrefixNotHomed.prefix",
    "ProofUnavailable.missing",
    "RestoreUnfinished.path",
    "SchemaForeign.expected",
    "SchemaForeign.found",
    "ScopeMissing.needed",
    "ServiceUnavailable.reason",
    "ServiceUnavailable.url",
    "SignatureMalformed.reason",
    "TokenInvalid.reason",
}
CHINESE = re.compile("[\u4e00-\u9fff]")
TABLE_ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)


@cache
def refusals() -> dict[str, dict[str, str]]:
    """Fact names and their types by code: every class that stands on one of the roots."""
    return {
        node.name: _facts(node)
        for path in modules().values()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and node.name not in ROOTS
        if {ast.unparse(base) for base in node.bases} & ROOTS
    }


def _facts(node: ast.ClassDef) -> dict[str, str]:
    return {
        entry.target.id.rstrip("_"): ast.unparse(entry.annotation)
        for entry in node.body
        if isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name)
    }


@cache
def texts() -> dict[str, dict[str, dict[str, str]]]:
    kept: dict[str, dict[str, dict[str, str]]] = json.loads(
        (ROOT / "api" / "problems.json").read_text("utf-8")
    )
    return kept


def _told(code: str, language: str) -> set[str]:
    """The facts that a detail names."""
    detail = texts()[code][language]["detail"]
    return {name for _, name, _, _ in Formatter().parse(detail) if name is not None}


def _table() -> dict[str, tuple[str, ...]]:
    page = (ROOT / "docs" / "reference" / "problems.md").read_text("utf-8")
    return {code: tuple(rest) for code, *rest in TABLE_ROW.findall(page)}


def test_read_texts_finds_every_code_and_no_other_when_the_source_is_walked() -> None:
    assert len(refusals()) > len(ROOTS)
    assert set(texts()) == set(refusals())


def test_read_texts_finds_all_parts_when_either_language_is_asked() -> None:
    for code, by_language in texts().items():
        assert tuple(by_language) == LANGUAGES, code
        for parts in by_language.values():
            assert set(parts) == PARTS, code
            assert all(text and text == text.strip() for text in parts.values()), code


def test_read_texts_finds_each_part_in_chinese_only_when_the_language_is_zh() -> None:
    for code, by_language in texts().items():
        for part in PARTS:
            assert CHINESE.search(by_language["zh"][part]), (code, part)
            assert not CHINESE.search(by_language["en"][part]), (code, part)


def test_read_texts_finds_sentences_when_the_part_is_no_title() -> None:
    for code, by_language in texts().items():
        for language, stop in (("en", "."), ("zh", "。")):
            parts = by_language[language]
            assert [parts[part][-1] for part in ("detail", "next")] == [stop, stop], code


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_leaves_no_brace_when_exactly_the_facts_of_the_class_are_given(
    language: str,
) -> None:
    for code, facts in refusals().items():
        told = explanation(code, dict.fromkeys(facts, "7"), language)
        assert not re.search("[{}]", "".join(told)), code


def test_explain_names_equal_facts_when_the_languages_are_compared() -> None:
    assert {code for code in texts() if _told(code, "en") != _told(code, "zh")} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_names_no_long_fact_when_hashes_lists_and_foreign_texts_are_facts(
    language: str,
) -> None:
    long = [
        f"{code}.{name}"
        for code, facts in refusals().items()
        for name in _told(code, language)
        if facts[name] != "int"
        and not (facts[name] == "bytes" and name in NAMED)
        and f"{code}.{name}" not in SHORT_TEXTS
    ]
    assert long == []


def test_explain_fills_the_facts_when_a_detail_names_them() -> None:
    facts = {"account": "88.111/ENT.0001", "asset": "PARK-2025", "bucket": "available"}
    _, detail, _ = explanation("QuotaInsufficient", facts | {"have": 0, "want": 91}, "en")
    assert detail == (
        "88.111/ENT.0001 has 0 t of PARK-2025 in the bucket available, and 91 t are wanted."
    )


@pytest.mark.parametrize(("language", "absent"), [("en", "(none)"), ("zh", "（无）")])
def test_explain_says_so_when_a_fact_is_absent(language: str, absent: str) -> None:
    facts = {"deadline": None, "time": "2026-01-05T08:00:01Z"}
    _, detail, _ = explanation("SignatureExpired", facts, language)
    assert absent in detail
    assert "None" not in detail


def test_explain_leaves_a_fact_as_it_is_when_it_looks_like_a_template() -> None:
    _, detail, _ = explanation("KeystoreExists", {"path": "{code}"}, "en")
    assert "{code}" in detail


def test_list_statuses_names_known_codes_only_when_the_table_is_read() -> None:
    from api.errors import STATUS

    assert set(STATUS) - set(refusals()) == set()


def test_read_reference_finds_facts_and_titles_of_every_code_when_the_page_is_read() -> None:
    assert {code: row[1:] for code, row in _table().items()} == {
        code: (
            ", ".join(f"`{name}`" for name in facts),
            texts()[code]["en"]["title"],
            texts()[code]["zh"]["title"],
        )
        for code, facts in refusals().items()
    }


def test_read_reference_finds_the_status_of_every_code_when_the_page_is_read() -> None:
    from api.errors import status_of

    shown = {code: int(row[0]) for code, row in _table().items()}
    assert shown == {code: status_of(code) for code in refusals()}
