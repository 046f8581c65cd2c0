"""Pages as HTTP answers: what they show to whom, in which language, and under which headers."""

import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from httpx2 import Response

from tests.api.held import HeldPark
from tests.pages.conftest import Stage

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ENGLISH_SENTENCE = re.compile(r"(?:\b[a-zA-Z]{2,}[ ,]+){3}[a-zA-Z]{2,}")


class Text(HTMLParser):
    """The text that people read of a page, in the elements of one language."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data.strip())


def get(stage: Stage, path: str, *, by: str | None = None, **headers: str) -> Response:
    """A page as a browser asks for it, signed in or not."""
    return stage.park.http.get(path, headers=HTML | stage.park.headers(by) | headers)


def read(answer: Response) -> str:
    """The text of a page."""
    parser = Text()
    parser.feed(answer.text)
    return " ".join(piece for piece in parser.pieces if piece)


def test_show_park_tells_exact_figures_when_its_year_is_asked(stage: Stage) -> None:
    year = stage.park.get("/v1/park/88/PARK.0001?period=2023", by="park")
    text = read(get(stage, "/?lang=en", by="park"))
    for name in ("gross", "internal", "net", "held"):
        assert f"{year[f'{name}_tonnes']:,}" in text
    assert year["warning_month"] in text
    for month in year["months"]:
        assert f"{month['direct_grams'] + month['indirect_grams']:,} g" in get(stage, "/").text


def test_show_park_names_head_and_mirror_when_anybody_asks(stage: Stage) -> None:
    known = stage.park.get("/.well-known/carbonledger")
    answer = get(stage, "/?lang=en")
    assert f'title="{known["head"]}"' in answer.text
    assert "up with the chain" in read(answer)
    assert "Demo: everybody's keys" in read(answer)


def test_show_park_says_who_looks_when_somebody_signed_in(stage: Stage) -> None:
    assert "seen as 88.111/ENT.0001" in read(get(stage, "/?lang=en", by="enterprise 1"))
    assert "seen as the public" in read(get(stage, "/?lang=en"))


@pytest.mark.parametrize(
    ("by", "told"),
    [
        (None, "1,024 900"),
        ("enterprise 2", "1,024 900"),
        ("enterprise 1", "24 t short"),
        ("regulator", "24 t short"),
        ("park", "✗ short – – – – short"),
    ],
)
def test_show_enterprise_tells_its_gap_when_the_view_has_it(
    stage: Stage, by: str | None, told: str
) -> None:
    section = read(get(stage, "/?lang=en", by=by)).partition("88.111/ENT.0001")[2]
    row = section.partition("88.111/ENT.0002")[0]
    assert told.replace("✗ ", "") in row
    assert ("24 t" in row) == (by in ("enterprise 1", "regulator"))


def test_show_submissions_lists_the_newest_when_the_visitor_made_some(stage: Stage) -> None:
    mine = read(get(stage, "/?lang=en", by="enterprise 1")).partition("Latest submissions")[2]
    assert "surrender" in mine and "88.111/ENT.0001" in mine
    theirs = read(get(stage, "/?lang=en")).partition("Latest submissions")[2]
    assert "88.111/ENT.0001" not in theirs


@pytest.mark.parametrize("park", ["88/PARK.0009", "../reports", "88/PARK.0001?x=1", "<script>"])
def test_show_park_is_refused_as_a_page_when_there_is_no_such_park(stage: Stage, park: str) -> None:
    answer = get(stage, f"/?{urlencode({'park': park, 'year': '2023', 'lang': 'en'})}")
    assert "<script>" not in answer.text
    assert answer.status_code == 404
    assert "ResourceUnknown" in read(answer)
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("query", ["year=2023-01", "year=x", "lang=fr"])
def test_show_park_is_refused_as_a_page_when_the_query_is_malformed(
    stage: Stage, query: str
) -> None:
    answer = get(stage, f"/?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


def test_show_park_says_so_when_nothing_is_registered(empty: HeldPark) -> None:
    answer = empty.http.get("/?lang=en", headers=HTML)
    assert answer.status_code == 200
    assert "No park is registered" in read(answer)


def test_show_park_says_so_when_a_year_has_no_readings(stage: Stage) -> None:
    text = read(get(stage, "/?year=2021&lang=en", by="park"))
    assert "No readings of this year" in text or "not shown to you" in text


@pytest.mark.parametrize(
    ("accepted", "asked", "language"),
    [
        ("", "", "zh-CN"),
        ("fr", "", "zh-CN"),
        ("en-US,en;q=0.9", "", "en"),
        ("de,en;q=0.7,zh;q=0.3", "", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-CN"),
        ("en", "?lang=zh", "zh-CN"),
        ("zh", "?lang=en", "en"),
    ],
)
def test_choose_language_follows_query_then_browser_when_both_may_speak(
    stage: Stage, accepted: str, asked: str, language: str
) -> None:
    answer = get(stage, f"/{asked}", **{"Accept-Language": accepted})
    assert f'<html lang="{language}">' in answer.text


@pytest.mark.parametrize("path", ["/", "/docs", "/problems/QuotaInsufficient", "/nowhere"])
def test_answer_page_lets_nothing_in_when_its_headers_are_read(stage: Stage, path: str) -> None:
    headers = get(stage, path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http:" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/nowhere", "/?year=1999", "report", "/docs"])
def test_speak_chinese_has_no_english_sentence_when_the_page_is_chinese(
    stage: Stage, path: str
) -> None:
    wanted = f"/reports/{stage.told.wrong}" if path == "report" else path
    answer = get(stage, wanted, by="enterprise 1", **{"Accept-Language": "zh"})
    assert ENGLISH_SENTENCE.findall(read(answer)) == []


def test_show_report_explains_every_month_when_its_owner_asks(stage: Stage) -> None:
    text = read(get(stage, f"/reports/{stage.told.right}?lang=en", by="enterprise 1"))
    assert "Match: the readings held give the signed figure to the gram." in text
    assert f"{stage.told.grams:,}" in text
    assert "530.6 g/kWh" in text
    assert len(re.findall(r"88\.111\.1/MTR\.0001", text)) == 12


def test_show_report_tells_what_differs_when_a_figure_is_wrong(stage: Stage) -> None:
    text = read(get(stage, f"/reports/{stage.told.wrong}?lang=en", by="enterprise 1"))
    assert "Differs" in text
    assert f"{stage.told.grams * 999:,} g" in text
    assert "negative" in text


@pytest.mark.parametrize("by", [None, "enterprise 2"])
def test_show_report_hides_activity_data_when_a_stranger_asks(stage: Stage, by: str | None) -> None:
    answer = get(stage, f"/reports/{stage.told.right}?lang=en", by=by)
    assert answer.status_code == 200
    assert "Activity data is shown to the reporting enterprise" in read(answer)
    assert "MTR.0001" not in answer.text


def test_show_report_asks_for_a_reason_when_a_regulator_looks(stage: Stage) -> None:
    path = f"/reports/{stage.told.right}?lang=en"
    assert "For what reason?" in read(get(stage, path, by="regulator"))
    assert "Match" in read(get(stage, f"{path}&reason=yearly+check", by="regulator"))
    accesses = stage.park.get("/v1/accesses", by="enterprise 1")["items"]
    assert [(one["viewer"], one["subject"], one["reason"]) for one in accesses] == [
        ("88/REG.310000", stage.told.right, "yearly check")
    ]


@pytest.mark.parametrize(("act", "status"), [("0x" + "00" * 32, 404), ("x", 422)])
def test_show_report_is_refused_as_a_page_when_there_is_none(
    stage: Stage, act: str, status: int
) -> None:
    answer = get(stage, f"/reports/{act}")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


def test_explain_problem_speaks_both_languages_when_a_browser_asks(stage: Stage) -> None:
    text = read(get(stage, "/problems/QuotaInsufficient?lang=en"))
    assert "Not enough quota" in text and "配额不足" in text


def test_explain_problem_is_json_when_a_program_asks(stage: Stage) -> None:
    for accept in ("*/*", "application/json", "text/html;q=0.2, application/json"):
        answer = stage.park.http.get("/problems/QuotaInsufficient", headers={"Accept": accept})
        assert answer.json()["texts"]["en"]["title"] == "Not enough quota"
        assert "Accept" in answer.headers["vary"]


def test_refuse_stays_a_problem_when_the_interface_is_asked_by_a_browser(stage: Stage) -> None:
    answer = get(stage, "/v1/park/88/PARK.0009?period=2023")
    assert answer.headers["content-type"] == "application/problem+json"


def test_show_park_answers_when_the_host_is_no_name_at_all(stage: Stage) -> None:
    assert get(stage, "/", Host="a:b:c/..").status_code in (200, 400)


def test_refuse_shows_a_page_when_the_token_is_none(stage: Stage) -> None:
    answer = get(stage, "/?lang=en", Authorization="Bearer clt_x")
    assert answer.status_code == 401
    assert "TokenInvalid" in read(answer)


def test_post_page_is_refused_when_it_only_answers_get(stage: Stage) -> None:
    answer = stage.park.http.post("/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/none.css"])
def test_get_asset_is_refused_when_it_is_none_of_ours(stage: Stage, path: str) -> None:
    assert stage.park.http.get(path).status_code == 404
