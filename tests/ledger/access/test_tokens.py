"""A token's text is made of its parts, slips in it are seen, and of the secret a hash is kept."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.access.tokens import Token, make_token, parse_token, scope_bits, scopes_of
from ledger.access.viewer import ANONYMOUS, SCOPES, Viewer
from ledger.errors import ScopeMissing, TokenInvalid, TokenMissing

_ALPHABET = string.ascii_letters + string.digits + "_-"


def test_make_token_is_read_back_when_its_text_is_parsed() -> None:
    token = make_token()
    assert parse_token(token.text) == token
    assert len(token.text) == 4 + 12 + 1 + 43 + 6


def test_make_token_gives_another_when_it_is_asked_again() -> None:
    assert len({make_token().text for _ in range(100)}) == 100


@given(position=st.integers(4, 65), other=st.sampled_from(_ALPHABET))
def test_parse_token_is_refused_when_one_character_is_another(position: int, other: str) -> None:
    text = Token("Abcdefghij01", "s" * 43).text
    changed = text[:position] + other + text[position + 1 :]
    if changed == text:
        return
    with pytest.raises(TokenInvalid) as refusal:
        parse_token(changed)
    assert refusal.value.facts == {"reason": "unknown"}


@pytest.mark.parametrize("text", ["", "clt_", "x" * 66, "clt_é", " ", "clt_" + "a" * 62])
def test_parse_token_is_refused_when_it_has_another_form(text: str) -> None:
    with pytest.raises(TokenInvalid):
        parse_token(text)


@pytest.mark.parametrize("ending", ["\n", " ", "\0"])
def test_parse_token_is_refused_when_something_follows(ending: str) -> None:
    with pytest.raises(TokenInvalid):
        parse_token(make_token().text + ending)


def test_show_token_hides_the_secret_when_it_is_printed() -> None:
    token = make_token()
    assert token.secret not in repr(token)


def test_keep_digest_is_not_the_secret_when_it_is_kept() -> None:
    token = make_token()
    assert token.secret.encode() not in token.digest


@given(st.sets(st.sampled_from(SCOPES)))
def test_write_scopes_gives_them_back_when_the_bits_are_read(scopes: set[str]) -> None:
    wanted = frozenset(scope for scope in SCOPES if scope in scopes)
    assert scopes_of(scope_bits(wanted)) == wanted


def test_require_scope_asks_for_a_token_when_there_is_none() -> None:
    with pytest.raises(TokenMissing):
        ANONYMOUS.require("read")


def test_require_scope_names_it_when_the_token_is_narrower() -> None:
    viewer = Viewer(bytes(32), 2, 1, frozenset({"read"}), bytes(32))
    viewer.require("read")
    with pytest.raises(ScopeMissing) as refusal:
        viewer.require("submit")
    assert refusal.value.facts == {"needed": "submit"}
