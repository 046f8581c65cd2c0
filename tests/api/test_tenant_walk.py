"""Each role asks everything there is to ask about everybody else: nothing leaks, by no way.

Every route that OpenAPI lists is walked, so a new one is walked as well. What each enterprise
keeps to itself is marked by figures that stand nowhere else; who may see a mark is written here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Response

from api.app import create_app
from tests import messages as valid
from tests.api.next_messages import OTHERS_FACILITY, cancellation, delivery, facility, finding
from tests.api.test_documents import SEED, WHOLE, _upload
from tests.api.world import World

ONE, OTHER = "enterprise 1", "enterprise 2"
# By role, whose token asks.
ROLES = {
    "public": None,
    "one": ONE,
    "other": OTHER,
    "park": "park",
    "verifier": "verifier",
    "tied verifier": "verifier 2",
    "regulator": "regulator",
    "root": "founder 1",
}
AUTHORITIES = {"regulator", "root"}
UNKNOWN = "0x" + "77" * 31 + "00"
REASON = "spot check"
FORMATS = ("json", "csv", "ndjson")


@dataclass(frozen=True, slots=True)
class Mark:
    """A text that stands in nothing but one secret, and the roles that may read it."""

    text: str
    roles: frozenset[str]


class Walk:
    """The furnished park with secrets of two enterprises, and what may be asked about them."""

    def __init__(self, world: World) -> None:
        self.world, self.park = world, world.park
        self.marks: list[Mark] = []
        self.digests: list[str] = [valid.DOCUMENT]
        self.mine = self._report(facility(2), ONE, grams=913_377_001, case={"verifier"})
        self.others = self._report(OTHERS_FACILITY, OTHER, grams=824_466_003, case=set())
        self._find_and_deliver()
        self._move()
        self._upload_readings()
        self.ids = self._ids()
        self.identifiers = [one["identifier"] for one in self._items("/v1/identifiers")]

    def _mark(self, text: str | int, *roles: str) -> None:
        self.marks.append(Mark(str(text), frozenset({*roles, *AUTHORITIES})))

    def _report(self, at: str, by: str, *, grams: int, case: set[str]) -> str:
        """Evidence, a document and a report of May that nobody confirmed."""
        owner = "one" if by == ONE else "other"
        content = f"the calculation of {by}: {grams + 7}".encode()
        document = self.park.upload(content, "calculation", by=by)["digest"]
        figure: dict[str, Any] = {"facility": at, "period": "2023-05"}
        root, leaves = "0x" + f"{grams:064x}", grams // 7919
        anchored = self.park.act(
            "Evidence",
            valid.evidence(**figure, month="2023-05", root=root, leaves=leaves),
            signer=by,
        )
        figure |= {"follows": anchored, "indirect_grams": grams, "document": document}
        reported = self.park.act("Report", valid.report(**figure), signer=by)
        self.digests.append(document)
        self._mark(grams, owner, "park", *case)
        for text in (str(grams + 7), document, root, str(leaves)):
            self._mark(text, owner, *case)
        return reported

    def _find_and_deliver(self) -> None:
        body = self.world.body("Finding", **{**finding(self.mine), "parameter": "meter 5521-X"})
        assert self.park.post("Finding", body, wait=False).status_code == 201
        self._mark("5521-X", "one", "verifier")
        given = self.world.body("Delivery", **delivery(megajoules=77_123_457))
        self.delivered = self.park.post("Delivery", given, wait=False).json()["id"]
        self._mark(77_123_457, "one", "other", "verifier")

    def _move(self) -> None:
        """A balance that only its owner knows, through a transfer that only two know."""
        cap = {"authority": "88/REG.310000", "asset": "PARK-2023", "revision": 2}
        cap |= {"tonnes": 90_000_000, "document": valid.DOCUMENT}
        self.park.act("Cap", cap, signer="regulator")
        allocated = valid.allocation(tonnes=8_000_000, revision=2)
        self.park.act("Allocation", allocated, signer="regulator")
        others = valid.allocation(account="88.111/ENT.0002", tonnes=500)
        self.park.act("Allocation", others, signer="regulator")
        moved = valid.transfer(tonnes=1_234_577, nonce=3)
        self.park.act("Transfer", moved, signer=ONE)
        self._mark(1_234_577, "one", "other")
        for number, tonnes in ((5, 345_679), (6, 11)):  # of all together everybody knows the sum
            given_up = cancellation() | {"tonnes": tonnes, "nonce": number}
            self.park.act("Cancellation", given_up, signer=ONE)
        self._mark(345_679, "one")
        for number, role in ((1, "one"), (2, "other")):
            (holding,) = self.park.get(f"/v1/accounts/88.111/ENT.000{number}")["holdings"]
            self._mark(holding["available"], role)

    def _upload_readings(self) -> None:
        told = _upload(self.world, WHOLE).json()
        self.digests.append(told["digest"])
        self._mark(WHOLE.decode().splitlines()[100], "one", "verifier")
        self.marks.append(Mark(SEED[2:], frozenset()))
        self.marks += [
            Mark(token.rpartition("_")[2], frozenset()) for token, _ in self.park.tokens.values()
        ]

    def _ids(self) -> dict[str, list[str]]:
        """Of each noun the ids that there are, as the root sees them."""
        nouns = {path.split("/")[2] for path in self.paths() if path.endswith("/{act_id}")}
        ids = {
            noun: [one["id"] for one in self._items(f"/v1/{noun}") if "id" in one]
            for noun in nouns - {"proofs", "keys"}
        }
        ids["proofs"] = ids["reports"]
        ids["keys"] = [self.world.ids["added"]]
        ids["deliveries"] = [self.delivered]
        return ids

    def _items(self, path: str) -> Iterator[dict[str, Any]]:
        following: str | None = f"{path}?limit=200"
        while following is not None:
            page = self.park.get(following)
            yield from page["items"]
            following = page["next"]

    def paths(self) -> dict[str, list[str]]:
        """Every path that can be read, with the names of its query."""
        described = create_app(self.park.ledger).openapi()["paths"]
        return {
            path: [one["name"] for one in each["get"].get("parameters", []) if one["in"] == "query"]
            for path, each in described.items()
            if "get" in each
        }

    def ask(self, path: str, role: str, **query: str) -> Response:
        headers = self.park.headers(ROLES[role])
        return self.park.http.get(path, params=query or None, headers=headers)

    def filled(self, path: str) -> Iterator[str]:
        """The path for everything that it can name, and for what is not there."""
        noun = path.split("/")[2] if path.startswith("/v1/") else ""
        values = {
            "{act_id}": [*self.ids.get(noun, []), UNKNOWN],
            "{delivery_id}": [self.delivered, UNKNOWN],
            "{digest}": [*self.digests, UNKNOWN],
            "{pack_hash}": [UNKNOWN],
            "{year}": ["2023", "2024"],
            "{code}": ["ResourceUnknown"],
            "{prefix}/{suffix}": [*(one for one in self.identifiers if "/" in one), "88/ENT.9999"],
            "{prefix}": [one for one in self.identifiers if "/" not in one],
        }
        places = [place for place in values if place in path]
        yield from _every(path, places, values)

    def queries(self, path: str, names: list[str]) -> Iterator[dict[str, str]]:
        """What can be asked of a path: as it is, each filter with each value, each format."""
        pools = self._pools()
        base = {"period": "2023"} if path.startswith("/v1/park/") else {}
        base |= {"identifier": "88.111/ENT.0001"} if "identifier" in names else {}
        base |= {"reason": REASON} if "reason" in names else {}
        yield base
        for name in set(names) & pools.keys():
            for value in pools[name]:
                yield base | {name: value}
        if "format" in names:
            for format in FORMATS:
                yield base | {"format": format, "order": "desc"}

    def _pools(self) -> dict[str, list[str]]:
        enterprises = ["88.111/ENT.0001", "88.111/ENT.0002"]
        parties = dict.fromkeys(
            ("account", "actor", "consumer", "enterprise", "from", "supplier", "to"), enterprises
        )
        return parties | {
            "asset": ["PARK-2023"],
            "facility": [facility(2), OTHERS_FACILITY],
            "identifier": enterprises,
            "month": ["2023-02", "2023-05"],
            "park": ["88/PARK.0001"],
            "period": ["2023", "2023-05"],
            "state": ["submitted", "confirmed", "superseded", "anchored", "open", "final"],
            "status": ["open", "short", "compliant"],
            "text": ["ENT.0002"],
            "type": ["Report", "Transfer"],
            "verifier": ["88/VER.0001", "88/VER.0002"],
            "year": ["2023"],
        }


def _every(path: str, places: list[str], values: dict[str, list[str]]) -> Iterator[str]:
    if not places:
        yield path
        return
    first, *others = places
    if first not in path:  # as `{prefix}` once `{prefix}/{suffix}` is filled in
        yield from _every(path, others, values)
        return
    for value in values[first]:
        yield from _every(path.replace(first, value), others, values)


@pytest.fixture(scope="module")
def walk(furnished: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    copied = furnished.copied(tmp_path_factory.mktemp("walk") / "park")
    yield Walk(copied)
    copied.park.close()


@pytest.mark.slow  # it asks some hundred questions of every role
@pytest.mark.parametrize("role", ROLES)
def test_read_tells_no_secret_of_others_when_a_role_asks_everything(walk: Walk, role: str) -> None:
    hidden = [mark for mark in walk.marks if role not in mark.roles]
    shown = set[str]()
    for path, names in walk.paths().items():
        for query in walk.queries(path, names):
            for filled in walk.filled(path):
                answer = walk.ask(filled, role, **query)
                assert answer.status_code < 500, (filled, query, answer.text)
                assert not _seen(answer, hidden, filled), (filled, query)
                if answer.is_success:
                    shown |= {mark.text for mark in _seen(answer, walk.marks)}
    own = {mark.text for mark in walk.marks if role in mark.roles}
    assert shown == own, "and each role found what is its own to see"


@pytest.mark.slow  # it asks some hundred questions of every role
@pytest.mark.parametrize("role", ROLES)
def test_page_tells_no_secret_of_others_when_a_role_looks(walk: Walk, role: str) -> None:
    hidden = [mark for mark in walk.marks if role not in mark.roles]
    paths = ["/", *(f"/reports/{one}" for one in [*walk.ids["reports"], UNKNOWN])]
    for path in paths:
        answer = walk.ask(path, role)
        assert answer.status_code in (200, 404), answer.text
        assert not _seen(answer, hidden), path


@pytest.mark.slow  # it asks some hundred questions of every role
@pytest.mark.parametrize("role", ROLES)
def test_read_refuses_the_hidden_as_the_missing_when_a_role_asks_for_each(
    walk: Walk, role: str
) -> None:
    """Same status, same words, same headers: nobody learns that there is something.

    Who sees a report in full may be told why it cannot be explained or proven.
    """
    reports = [walk.ask(f"/v1/reports/{one}", role) for one in walk.ids["reports"]]
    told = [answer.json() for answer in reports if answer.is_success]
    full = {one["id"] for one in told if one["view"] in ("owner", "case", "regulator")}
    for path in walk.paths():
        if "{act_id}" not in path and "{digest}" not in path and "{delivery_id}" not in path:
            continue
        nothing = walk.ask(re.sub(r"\{\w+\}", UNKNOWN, path), role)
        for filled in walk.filled(path):
            answer = walk.ask(filled, role)
            asked = filled.split("/")[3]
            if answer.is_success or asked in full or _code(answer) == "FieldInvalid":
                continue
            assert answer.text.replace(asked, UNKNOWN) == nothing.text, filled
            assert answer.headers.keys() == nothing.headers.keys(), filled


def _seen(answer: Response, marks: list[Mark], asked: str = "") -> set[Mark]:
    """The marks that an answer shows; a page writes 1,234,577, a refusal repeats what was asked."""
    text = answer.text
    if not answer.is_success:
        text = text.replace(asked.rpartition("/")[2], "")
    text += re.sub(r"(?<=[0-9])[,\u202f\u00a0 ](?=[0-9]{3})", "", text)
    return {mark for mark in marks if mark.text in text}


def _code(answer: Response) -> str:
    return str(answer.json()["code"])
