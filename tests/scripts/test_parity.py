"""What can be posted can be said: each POST of the API has a verb, or a reason why not."""

from importlib import import_module

from api.nouns import NOUN_OF
from tests.api.world import World
from tests.scripts.verbs import every_verb

# Verbs that post without being a row of a noun's ACTS.
BY_HAND = {
    "/v1/documents": "evidence submit",
    "/v1/evidence": "evidence submit",
    "/v1/submissions": "submission send",
}
_SIGNED_BY_HAND = "done once or seldom: `message sign` and `submission send`"
EXCEPTIONS = {
    "/v1/records": _SIGNED_BY_HAND,
    "/v1/accreditations": _SIGNED_BY_HAND,
    "/v1/assignments": _SIGNED_BY_HAND,
    "/v1/ties": _SIGNED_BY_HAND,
    "/v1/reopenings": _SIGNED_BY_HAND,
    "/v1/surrender-rules": _SIGNED_BY_HAND,
    "/v1/findings": "kept beside the chain, with the cycle of answers: a program's work until then",
    "/v1/deliveries": "signed by two at two places: a program's work",
    "/v1/tokens": "an administrator's program makes them for machines",
    "/v1/invitations": "an administrator's program makes them for custody enterprises",
    "/v1/invitations/{secret}": "answered once, by whoever was invited",
    "/v1/prepare/{message_type}": "the client fills and hashes messages offline",
    "/v1/sessions": "opened by whatever verb needs a token",
}
NOUNS_WITH_ACTS = ("identifier", "key", "report", "statement", "quota")


def _verbs() -> dict[str, set[str]]:
    """The verbs of each path that they post to."""
    found = {path: {verb} for path, verb in BY_HAND.items()}
    for noun in NOUNS_WITH_ACTS:
        for act in import_module(f"scripts.commands.{noun}").ACTS:
            found.setdefault(f"/v1/{NOUN_OF[act.message_type]}", set()).add(act.name)
    return found


def test_post_has_a_verb_or_a_reason_when_the_document_is_walked(park: tuple[World, str]) -> None:
    paths = park[0].park.get("/openapi.json")["paths"]
    posted = {path for path, item in paths.items() if "post" in item and path.startswith("/v1/")}
    assert posted - _verbs().keys() - EXCEPTIONS.keys() == set()
    assert _verbs().keys() & EXCEPTIONS.keys() == set()
    assert (_verbs().keys() | EXCEPTIONS.keys()) - posted == set()


def test_post_verb_is_one_of_the_help_when_its_row_is_read() -> None:
    told = {" ".join(verb) for verb in every_verb()}
    assert {verb for verbs in _verbs().values() for verb in verbs} - told == set()
