"""Checks of the kept rows: their MACs by the service's key, and the total of all MACs."""

from ledger.diagnosis.finding import Finding, bad, named, ok, unknown
from ledger.diagnosis.history import Case
from ledger.diagnosis.place import opened_keys
from ledger.store.broken_rows import broken_rows, count_of_total


def check_rows(case: Case) -> Finding:
    """Is every kept row what the service wrote, and none added or removed?"""
    keys = opened_keys(case.question)
    if keys is None:
        return unknown("rows", "not_opened")
    with case.store.reading_kept() as reading:
        broken = [str(one) for one in broken_rows(reading, keys.row_mac)]
    if broken:
        return bad("rows", "changed", **named(broken))
    return ok("rows", "whole")


def check_row_total(case: Case) -> Finding:
    """Are there as many MACs as the service wrote, with the sum that it wrote down?"""
    with case.store.reading_kept() as reading:
        count = count_of_total(reading)
    if count is None:
        return bad("row_total", "other")
    return ok("row_total", "comes_out", count=count)
