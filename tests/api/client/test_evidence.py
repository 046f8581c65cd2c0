"""A facility's month computed offline, against the standard library alone."""

import hashlib
import hmac

import pytest

from api.client.evidence import FacilityMonth, MeterMonth, document_digests
from ledger.evidence.merkle import TreeEmpty
from ledger.evidence.readings import ReadingsMalformed
from ledger.period import Period

FEBRUARY = Period(202302)
STAMPS = [f"2023-02-{d:02}T{h:02}:00:00+08:00" for d in range(1, 29) for h in (0, 12)]


def _meter(number: int, *, content: bytes | None = None) -> MeterMonth:
    lines = ["stamp,quantity", *(f"{stamp},{number}.50" for stamp in STAMPS), ""]
    return MeterMonth(
        meter=f"88.111.1/MTR.000{number}",
        period=FEBRUARY,
        unit="kWh",
        step_seconds=43_200,
        seed=bytes([number]) * 32,
        content=content or "\n".join(lines).encode(),
    )


def _head(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1."""
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = 1 << (len(entries) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _head(entries[:split]) + _head(entries[split:])).digest()


def _expected(number: int) -> bytes:
    leaves = [
        hmac.digest(bytes([number]) * 32, index.to_bytes(8, "big"), "sha256")
        + f"88.111.1/MTR.000{number}|{stamp}|{number}.50|kWh".encode()
        for index, stamp in enumerate(STAMPS)
    ]
    return _head([_head(leaves[day : day + 2]) for day in range(0, len(leaves), 2)])


def test_build_gives_the_root_of_the_standard_when_meters_and_documents_join() -> None:
    documents = document_digests([b"invoice", b"calibration"])
    built = FacilityMonth("88.111.1/FAC.0001", FEBRUARY, (_meter(2), _meter(1)), documents)
    assert built.root == _head([_expected(1), _expected(2), *sorted(documents)])
    assert built.leaves == 2 * 56 + 2


def test_build_gives_the_same_root_when_it_is_done_again() -> None:
    once, again = (FacilityMonth("88.111.1/FAC.0001", FEBRUARY, (_meter(1),), ()) for _ in "12")
    assert once.root == again.root


def test_build_names_the_upload_by_its_bytes_when_asked() -> None:
    assert _meter(1).digest == hashlib.sha256(_meter(1).content).digest()


def test_build_is_refused_when_nothing_is_committed_to() -> None:
    with pytest.raises(TreeEmpty):
        _ = FacilityMonth("88.111.1/FAC.0001", FEBRUARY, (), ()).root


def test_build_is_refused_with_the_line_when_readings_are_wrong() -> None:
    wrong = _meter(1, content=b"stamp,quantity\n2023-02-01T00:00:00+08:00,x\n")
    with pytest.raises(ReadingsMalformed) as refused:
        _ = wrong.tree
    assert (refused.value.reason, refused.value.line) == ("quantity", 2)


def test_show_month_hides_the_seed_when_it_is_printed() -> None:
    assert repr(_meter(1)) == "MeterMonth(88.111.1/MTR.0001, 2023-02, ...)"
