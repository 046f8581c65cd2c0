"""The catalogue: both languages say the same things, and everything that is said."""

import re
from pathlib import Path
from string import Formatter

import scripts
from scripts.park_year.cast import ENTERPRISES
from scripts.park_year.texts import TEXTS_FILE
from scripts.texts import LANGUAGES, catalogue

FLOOR = Path(scripts.__file__).parent
SOURCES = [*(FLOOR / "park_year").glob("*.py"), FLOOR / "commands" / "demo.py"]
KEY = re.compile(r'"((?:name|carrier|column|[a-z]+)\.[a-z_0-9]+)"')
REFUSED = re.compile(r'DemoRefused\(\s*"([A-Za-z]+)"')


def _blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def _said() -> set[str]:
    """Every key that stands whole in the code, and those made from names."""
    text = "\n".join(path.read_text("utf-8") for path in SOURCES)
    families = {key.split(".")[0] for key in catalogue(TEXTS_FILE)["en"]}
    whole = {key for key in KEY.findall(text) if key.split(".")[0] in families}
    refused = {f"refused.{code}" for code in REFUSED.findall(text)}
    names = {f"name.{one.name}" for one in ENTERPRISES}
    carriers = {f"carrier.{meter.carrier}" for one in ENTERPRISES for meter in one.meters}
    return whole | refused | names | carriers


def test_read_catalogue_finds_equal_keys_when_languages_are_compared() -> None:
    assert set(catalogue(TEXTS_FILE)) == set(LANGUAGES)
    assert catalogue(TEXTS_FILE)["zh"].keys() == catalogue(TEXTS_FILE)["en"].keys()


def test_read_catalogue_finds_equal_blanks_when_languages_are_compared() -> None:
    zh, en = catalogue(TEXTS_FILE)["zh"], catalogue(TEXTS_FILE)["en"]
    assert {key for key in en if _blanks(zh[key]) != _blanks(en[key])} == set()


def test_read_catalogue_finds_every_sentence_when_the_code_says_it() -> None:
    assert _said() - catalogue(TEXTS_FILE)["en"].keys() == set()


def test_read_catalogue_finds_no_empty_sentence_when_all_are_looked_at() -> None:
    empty = {
        key for texts in catalogue(TEXTS_FILE).values() for key, text in texts.items() if not text
    }
    assert empty == set()
