"""The catalogue of the command line: both languages say the same, each in its own words."""

import re
import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest

import scripts
from scripts.output import TEXTS_FILE
from scripts.park_year.texts import TEXTS_FILE as DEMO_TEXTS_FILE
from scripts.texts import LANGUAGES, catalogue
from tests.scripts.verbs import every_verb

FLOOR = Path(scripts.__file__).parent
CALLS = re.compile(r'\b(?:text|has_text)\(\s*f?"([a-z_]+\.[^"]*)"')
MADE = ("verb", "noun", "option", "argument", "usage", "help", "doctor")  # keys from names
# What stays as it is in every language: codes, identifiers, options, units, file formats, names.
FOREIGN = re.compile(
    r"PostgreSQL|SQLite|"
    r"`[^`]*`|\{[^}]*\}|--[a-z-]+|\$[A-Z_]+|0x|[a-z_]+@[a-z]+|[A-Z]{2,}(?:-[0-9]+)?|"
    r"[a-z]+(?:_[a-z]+)+|Ctrl-C|RFC [0-9]+|Merkle|carbonledger(?: [a-z-]+)*|API|"
    r"(?:positive_conservative|positive|negative|provisional|final|active|holds|sends|contract|"
    r"custody|read|submit|none|secp256k1|gzip|zh|en|kWh|Nm3|GJ|Transfer|reconcile|rebuild|"
    r"embedded|rpc|Web3 Secret Storage|TLS|Besu)"
)
WORDS = re.compile(r"[A-Za-z]{2,}(?:[ ,]+[A-Za-z]{2,})*")


def _sentences(file: Path, language: str) -> dict[str, str]:
    return catalogue(file)[language]


def _blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def _said() -> set[str]:
    files = [path for path in FLOOR.rglob("*.py") if path.parent.name != "park_year"]
    return {key for path in files for key in CALLS.findall(path.read_text("utf-8"))}


def test_read_catalogue_finds_equal_keys_when_languages_are_compared() -> None:
    assert set(catalogue(TEXTS_FILE)) == set(LANGUAGES)
    assert _sentences(TEXTS_FILE, "zh").keys() == _sentences(TEXTS_FILE, "en").keys()


def test_read_catalogue_finds_blanks_in_both_or_the_words_of_typer_when_compared() -> None:
    zh, en = (_sentences(TEXTS_FILE, language) for language in ("zh", "en"))
    differing = {key for key in en if _blanks(zh[key]) != _blanks(en[key])}
    # Typer's own words stand under en alone.
    assert {key for key in differing if en[key] != "{detail}"} == set()


def test_read_catalogue_finds_every_sentence_when_the_code_says_it() -> None:
    whole = {key for key in _said() if "{" not in key}
    assert len(whole) > 30
    assert whole - _sentences(TEXTS_FILE, "en").keys() == set()


def test_read_catalogue_finds_no_idle_sentence_when_the_code_is_searched() -> None:
    verbs = {f"verb.{'.'.join(verb)}" for verb in every_verb()}
    nouns = {f"noun.{verb[0]}" for verb in every_verb() if len(verb) > 1}
    kept = _sentences(TEXTS_FILE, "en").keys()
    assert {key for key in kept if key.startswith(("verb.", "noun."))} == verbs | nouns
    made = {key for key in kept if key.split(".")[0] in MADE}
    assert kept - made - _said() == set()


@pytest.mark.parametrize("file", [TEXTS_FILE, DEMO_TEXTS_FILE])
def test_read_catalogue_finds_no_english_when_the_language_is_zh(file: Path) -> None:
    english = {
        key: words
        for key, sentence in _sentences(file, "zh").items()
        if (words := WORDS.findall(FOREIGN.sub("", sentence)))
    }
    assert english == {}


@pytest.mark.parametrize("file", [TEXTS_FILE, DEMO_TEXTS_FILE])
def test_read_catalogue_finds_no_chinese_when_the_language_is_en(file: Path) -> None:
    chinese = re.compile("[\u4e00-\u9fff]")
    assert [key for key, one in _sentences(file, "en").items() if chinese.search(one)] == []


@pytest.mark.parametrize("verb", [[], ["report"], ["report", "submit"], ["key", "create"]])
def test_help_speaks_chinese_when_it_is_asked_to(verb: list[str]) -> None:
    command = [sys.executable, "-m", "scripts.cli", "--lang", "zh", *verb, "--help"]
    told = subprocess.run(command, cwd=FLOOR.parent, capture_output=True, text=True, check=True)
    key = f"verb.{'.'.join(verb)}" if len(verb) == 2 else f"noun.{verb[0]}" if verb else ""
    expected = _sentences(TEXTS_FILE, "zh")[key or "help.program"].splitlines()[0]
    assert expected in told.stdout


@pytest.mark.parametrize("verb", [[], ["report", "submit"], ["key", "create"], ["message"]])
def test_help_imports_no_chain_and_no_server_when_it_is_asked(verb: list[str]) -> None:
    heavy = ("web3", "eth", "eth_tester", "eth_keyfile", "fastapi", "sqlalchemy", "uvicorn")
    program = (
        "import sys\n"
        f"sys.argv = ['carbonledger', *{verb}, '--help']\n"
        "from scripts.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, cwd=FLOOR.parent, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"
