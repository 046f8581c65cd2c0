"""People's verbs against a running park: one document, exit codes, keys, languages."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

import scripts
from api.client import ActUnderWay, AnswerWrong, ProblemAnswered, ServiceUnavailable
from scripts.output import exit_code_of
from tests.api.world import World
from tests.scripts.conftest import PASSPHRASE, Run

UNKNOWN = "0x" + "12" * 31 + "00"
TRANSFER = ("quota", "transfer", "--to", "88.111/ENT.0002", "--asset", "PARK-2023", "--tonnes")
MINE = ("--as", "enterprise", "--json")


@pytest.fixture
def moved(run: Run, park: tuple[World, str]) -> Callable[[], int]:
    """How often the enterprise's quota has moved, when nothing is under way any more."""

    def moved() -> int:
        park[0].wait_until_idle()
        return len(run("quota", "movements", "88.111/ENT.0001", *MINE).document["items"])

    return moved


def test_transfer_tells_the_services_answer_alone_when_json_is_asked(run: Run) -> None:
    told = run(*TRANSFER, "1", *MINE).document
    assert told["type"] == "Transfer"
    assert set(told) == {"id", "type", "actor", "submission", "resource", "acknowledgement"}
    assert run("submission", "wait", told["id"], *MINE).document["state"] == "final"


def test_transfer_tells_the_submission_when_it_waits(run: Run) -> None:
    told = run(*TRANSFER, "1", "--wait", "final", *MINE).document
    assert (told["state"], told["refusal"]) == ("final", None)
    shown = run("submission", "show", told["id"], *MINE).document
    assert shown["id"] == told["id"]


def test_transfer_stays_two_when_it_is_said_twice_at_once(
    run: Run, moved: Callable[[], int]
) -> None:
    before = moved()
    first, second = (run(*TRANSFER, "1", *MINE).document["id"] for _ in "12")
    for one in (first, second):
        run("submission", "wait", one, *MINE)
    assert moved() == before + 2


def test_transfer_is_only_told_when_it_is_a_dry_run(run: Run, moved: Callable[[], int]) -> None:
    before = moved()
    told = run(*TRANSFER, "1", "--dry-run", *MINE).document
    assert "88.111/ENT.0002" in told["sentence"]["en"]
    assert (told["message"]["tonnes"], told["refusals"]) == (1, [])
    assert moved() == before


def test_transfer_exits_3_when_a_dry_run_finds_what_speaks_against_it(run: Run) -> None:
    told = run(*TRANSFER, "1000000", "--dry-run", *MINE, code=3).document
    assert [one["code"] for one in told["refusals"]] == ["QuotaInsufficient"]


def test_transfer_reads_the_nonce_itself_when_it_carries_for_another(
    run: Run, park: tuple[World, str], desk: Path
) -> None:
    (desk / "carrier").write_text(park[0].park.token("regulator") + "\n", "ascii")
    key = str(desk / "carbonledger" / "enterprise.json")
    signing = ("--sign-with", key, "--passphrase-file", "passphrase", "--from", "88.111/ENT.0001")
    carried = ("--token-file", "carrier", "--wait", "final", "--json")
    told = run(*TRANSFER, "1", *signing, *carried).document
    assert (told["state"], told["actor"]) == ("final", "88.111/ENT.0001")


def test_prepared_message_is_taken_when_it_was_signed_offline(run: Run, tmp_path: Path) -> None:
    message = {"from": "88.111/ENT.0001", "to": "88.111/ENT.0002", "tonnes": 1}
    draft = {"type": "Transfer", "message": message | {"asset": "PARK-2023"}}
    (tmp_path / "draft.json").write_text(json.dumps(draft), "utf-8")
    prepared = run("message", "prepare", str(tmp_path / "draft.json"), *MINE)
    (tmp_path / "prepared.json").write_text(prepared.out, "utf-8")
    signed = run("message", "sign", str(tmp_path / "prepared.json"), "--as", "enterprise")
    (tmp_path / "signed.ndjson").write_text(signed.out, "utf-8")
    sent = run("submission", "send", str(tmp_path / "signed.ndjson"), *MINE).document["items"]
    assert [one["id"] for one in sent] == [prepared.document["id"]]


def test_transfer_is_done_once_when_the_command_is_repeated_with_its_key(
    run: Run, moved: Callable[[], int], desk: Path
) -> None:
    before = moved()
    first = run(*TRANSFER, "2", "--idempotency-key", "again", "--wait", "final", *MINE)
    assert "again" in first.err
    again = run(*TRANSFER, "2", "--idempotency-key", "again", "--wait", "final", *MINE)
    assert again.document["id"] == first.document["id"]
    assert moved() == before + 1
    assert stat.S_IMODE((desk / "carbonledger" / "sent" / "again.json").stat().st_mode) == 0o600


def test_transfer_is_refused_when_another_act_had_the_key(run: Run) -> None:
    run(*TRANSFER, "2", "--idempotency-key", "mine", *MINE)
    done = run(*TRANSFER, "3", "--idempotency-key", "mine", *MINE, code=2)
    assert "another act" in done.err


@pytest.mark.parametrize("key", ["a b", "", "a" * 65, "../../etc"])
def test_transfer_is_refused_when_the_key_is_none(run: Run, key: str) -> None:
    done = run(*TRANSFER, "2", f"--idempotency-key={key}", *MINE, code=3 if key else 0)
    assert done.err


def test_transfer_exits_3_with_the_problem_when_the_service_refuses(run: Run) -> None:
    asked = ("quota", "transfer", "--to", "88.111/ENT.0001", "--asset", "PARK-2023")
    done = run(*asked, "--tonnes", "1", *MINE, code=3)
    problem = json.loads(done.err[done.err.index("{") :])
    assert (problem["code"], done.out) == ("AccountsEqual", "")
    assert problem["facts"] == {"account": "88.111/ENT.0001"}


def test_show_exits_4_when_there_is_nothing(run: Run) -> None:
    done = run("report", "show", UNKNOWN, *MINE, code=4)
    assert json.loads(done.err)["code"] == "ResourceUnknown"


def test_show_exits_5_when_nobody_serves_the_directory(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CARBONLEDGER_URL")
    done = run("identifier", "show", "88", "--dir", str(tmp_path), "--json", code=5)
    assert json.loads(done.err)["facts"]["reason"] == "not_served"


def test_show_finds_the_service_when_its_directory_is_named(
    run: Run, park: tuple[World, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CARBONLEDGER_URL", "")
    (tmp_path / "service.json").write_text(json.dumps({"url": park[1], "pid": 1}), "utf-8")
    told = run("identifier", "show", "88", "--dir", str(tmp_path), "--json").document
    assert told["identifier"] == "88"


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (ProblemAnswered("/", {"status": 409}), 3),
        (ProblemAnswered("/", {"status": 404}), 4),
        (ProblemAnswered("/", {"status": 503}), 5),
        (ServiceUnavailable("http://x", "ConnectError"), 5),
        (AnswerWrong("id"), 6),
        (ActUnderWay("0x", "sent", "final"), 7),
    ],
)
def test_exit_tells_the_kind_of_refusal_when_a_command_ends(refusal: Any, code: int) -> None:
    assert exit_code_of(refusal) == code


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("quota", "transfer", "--as", "enterprise"), "--to"),
        (("quota", "transfer", "--more"), "--more"),
        (("quota", "destroy"), "destroy"),
        (("key", "add", "0x1", "--rights", "report,fly", "--person", "1", "--valid-until",
          "2039-01-01T00:00:00Z", "--participant", "88", "--as", "enterprise"), "fly"),
        (("report", "submit", "--direct-grams", "much"), "--direct-grams"),
        ((*TRANSFER, "1", "--from", "88.111/ENT.0001"), "--sign-with"),
        ((*TRANSFER, "1"), "--from"),
        (("--lang", "fr"), "zh or en"),
        (("statement", "queue"), "--verifier"),
    ],
)  # fmt: skip
def test_exit_is_2_and_names_the_option_when_a_command_cannot_be_understood(
    run: Run, arguments: tuple[str, ...], told: str
) -> None:
    done = run(*arguments, code=2)
    assert told in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("quota", "transfer", "--as", "enterprise"), "用法：缺少 --to"),
        (("quota", "transfer", "--more"), "没有选项 --more"),
        (("report", "submit", "--direct-grams", "much"), "--direct-grams 的值不可用"),
    ],
)
def test_exit_speaks_chinese_when_a_command_cannot_be_understood(
    run: Run, arguments: tuple[str, ...], told: str
) -> None:
    assert told in run("--lang", "zh", *arguments, code=2).err


def test_show_tells_the_problem_in_chinese_when_it_is_asked_to(run: Run) -> None:
    done = run("report", "show", UNKNOWN, "--as", "enterprise", "--lang=zh", code=4)
    assert "未找到 (ResourceUnknown)" in done.err


def test_transfer_says_nothing_beside_its_answer_when_quiet_is_asked(run: Run) -> None:
    assert run("--quiet", *TRANSFER, "1", *MINE).err == ""


def test_show_takes_options_before_the_noun_when_they_hold_everywhere(run: Run) -> None:
    told = run("--json", "--as", "enterprise", "quota", "show", "88.111/ENT.0001").document
    assert told["account"] == "88.111/ENT.0001"


def test_show_gives_lines_for_people_when_json_is_not_asked(run: Run) -> None:
    done = run("quota", "show", "88.111/ENT.0001", "--as", "enterprise")
    assert "account" in done.out and "PARK-2023" in done.out
    assert "{" not in done.out


def test_list_gives_what_nobody_is_kept_from_when_no_profile_is_named(run: Run) -> None:
    told = run("identifier", "list", "--kind", "enterprise", "--json").document["items"]
    assert [one["identifier"] for one in told] == [f"88.111/ENT.000{n}" for n in (1, 2, 3)]


def test_list_shows_less_when_the_profile_is_a_rivals(run: Run) -> None:
    asked = ("report", "list", "--enterprise", "88.111/ENT.0001", "--json")
    mine, rivals = (run(*asked, "--as", name).document["items"] for name in ("enterprise", "rival"))
    assert len(rivals) < len(mine)


def test_transfer_finds_whose_key_it_is_when_no_profile_is_named(run: Run, desk: Path) -> None:
    key = str(desk / "carbonledger" / "enterprise.json")
    arguments = ("--from", "88.111/ENT.0001", "--sign-with", key, "--wait", "final", "--json")
    told = run(*TRANSFER, "1", *arguments, "--passphrase-file", "passphrase").document
    assert (told["state"], told["actor"]) == ("final", "88.111/ENT.0001")


def test_transfer_is_refused_when_the_key_is_nobodys_whom_it_names(run: Run, desk: Path) -> None:
    key = str(desk / "carbonledger" / "verifier.json")
    arguments = ("--from", "88.111/ENT.0001", "--sign-with", key)
    done = run(*TRANSFER, "1", *arguments, "--passphrase-file", "passphrase", code=2)
    assert "belongs to nobody" in done.err


def test_show_uses_the_token_when_a_file_has_one(
    run: Run, park: tuple[World, str], desk: Path
) -> None:
    (desk / "token").write_text(park[0].park.token("enterprise 1") + "\n", "ascii")
    asked = ("quota", "show", "88.111/ENT.0001", "--json")
    assert run(*asked, "--token-file", "token").document["holdings"]
    run(*asked, code=4)


def test_sign_elsewhere_gives_an_act_that_is_taken_when_a_wallet_signed(
    run: Run, park: tuple[World, str], tmp_path: Path
) -> None:
    told = run(*TRANSFER, "1", "--sign-with", "none", *MINE)
    (tmp_path / "message.json").write_text(told.out, "utf-8")
    typed = encode_typed_data(full_message=told.document["typed_data"])
    wallet = Account.sign_message(typed, park[0].park.key("enterprise 1"))
    signature = "0x" + wallet.signature.hex().removeprefix("0x")
    signed = run("message", "sign", str(tmp_path / "message.json"), "--signature", signature)
    (tmp_path / "signed.ndjson").write_text(signed.out, "utf-8")
    sent = run("submission", "send", str(tmp_path / "signed.ndjson"), *MINE).document["items"]
    assert [one["id"] for one in sent] == [told.document["id"]]
    assert run("submission", "wait", told.document["id"], *MINE).document["state"] == "final"
    again = run("submission", "send", str(tmp_path / "signed.ndjson"), *MINE).document["items"]
    assert again[0]["facts"]["id"] == told.document["id"]


def test_send_exits_3_when_one_line_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "acts.ndjson"
    file.write_text('{"type": "Transfer"}\n', "utf-8")
    done = run("submission", "send", str(file), *MINE, code=3)
    assert done.document["items"][0]["code"] == "FieldInvalid"


def _signed(run: Run, file: Path) -> dict[str, Any]:
    told = run(*TRANSFER, "1", "--sign-with", "none", *MINE)
    file.write_text(told.out, "utf-8")
    signed: dict[str, Any] = run("message", "sign", str(file), *MINE).document
    return signed


def test_check_tells_who_signed_when_the_signature_holds(
    run: Run, park: tuple[World, str], tmp_path: Path
) -> None:
    file = tmp_path / "signed.json"
    file.write_text(json.dumps(_signed(run, tmp_path / "message.json")), "utf-8")
    told = run("message", "check", str(file), "--json").document
    assert told["signer"] == park[0].address("enterprise 1")
    assert told["type"] == "Transfer"


@pytest.mark.parametrize(
    "changes",
    [{"signature": "0x" + "11" * 65}, {"id": UNKNOWN}],
)
def test_check_exits_6_when_signature_or_id_is_wrong(
    run: Run, tmp_path: Path, changes: dict[str, Any]
) -> None:
    file = tmp_path / "signed.json"
    file.write_text(json.dumps(_signed(run, tmp_path / "message.json") | changes), "utf-8")
    assert json.loads(run("message", "check", str(file), "--json", code=6).err)["facts"]["what"]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({"type": "Nothing"}, "/type"),
        ({"type": "Transfer"}, "/message"),
        ({"type": "Transfer", "message": {}, "domain": {"chain_id": "7"}}, "/domain/chain_id"),
        ({"type": "Transfer", "message": {}, "domain": {"chain_id": 7}}, "/domain/contract"),
    ],
)
def test_check_is_refused_when_the_file_is_no_signed_message(
    run: Run, tmp_path: Path, document: Any, pointer: str
) -> None:
    file = tmp_path / "signed.json"
    file.write_text(json.dumps(document), "utf-8")
    told = json.loads(run("message", "check", str(file), "--json", code=3).err)
    assert told["facts"]["errors"][0]["pointer"] == pointer


def test_report_keeps_the_document_when_a_file_is_named(run: Run) -> None:
    figures = ("--direct-grams", "0", "--indirect-grams", "5", "--document", "table.json")
    asked = ("report", "submit", "--facility", "88.111.1/FAC.0002", "--period", "2030")
    told = run(*asked, *figures, "--wait", "final", *MINE).document
    report = run("report", "show", told["id"], *MINE).document
    assert report["document"].startswith("0x")
    assert report["rule_pack"] == run_rules(run)


def test_proof_is_one_that_the_checker_takes_when_it_is_redirected(
    run: Run, park: tuple[World, str], tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"
    file.write_text(run("report", "proof", park[0].ids["report_3"], *MINE).out, "utf-8")
    checker = Path(scripts.__file__).with_name("check_proof.py")
    command = [sys.executable, "-I", str(checker), str(file)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert park[0].address("enterprise 1") in done.stdout


def run_rules(run: Run) -> str:
    """The rule pack of the confirmed report that everybody can see beside ours."""
    items = run("report", "list", "--period", "2030", *MINE).document["items"]
    return str(items[0]["rule_pack"])


def test_report_is_refused_when_the_file_is_not_there(run: Run) -> None:
    figures = ("--direct-grams", "0", "--indirect-grams", "5", "--document", "nowhere.json")
    asked = ("report", "submit", "--facility", "88.111.1/FAC.0002", "--period", "2031")
    told = json.loads(run(*asked, *figures, *MINE, code=3).err)
    assert (told["code"], told["facts"]["path"]) == ("FileUnreadable", "nowhere.json")


def test_key_is_added_when_the_new_one_signs_too(run: Run, desk: Path) -> None:
    made = run("key", "create", "third.json", "--passphrase-file", "passphrase", "--json")
    address = made.document["address"]
    assert PASSPHRASE not in (desk / "third.json").read_text("utf-8")
    asked = ("--person", "1", "--rights", "report,move", "--valid-until", "2039-01-01T00:00:00Z")
    second = ("--possession-key", "third.json", "--wait", "final")
    run("key", "add", address, *asked, *second, *MINE)
    keys = run("key", "list", "88.111/ENT.0001", "--json").document["items"]
    assert [one["rights"] for one in keys if one["key"] == address] == [2 | 8]
