"""Deriving the mirror again from its own events gives what reading the chain gives."""

import sqlite3
from contextlib import closing

import pytest

from ledger.errors import LedgerHalted
from ledger.mirror.reconcile import reconcile
from ledger.mirror.reindex import reindex
from ledger.store.metadata import MIRROR
from tests.ledger.mirror.test_follower import digest
from tests.ledger.played import Opened


def test_reindex_gives_equal_tables_when_it_asks_no_node(copy: Opened) -> None:
    before, head = digest(copy.mirror), copy.reader.head_number()
    assert reindex(copy.store, copy.manifest, finality_depth=0) == (2, head)
    assert copy.mirror.name == "mirror-2.db"
    assert digest(copy.mirror) == before


def test_reindex_heals_what_is_derived_when_it_was_changed(copy: Opened) -> None:
    derived = [table.name for table in MIRROR.sorted_tables if "valid_to" in table.c]
    with closing(sqlite3.connect(copy.mirror)) as connection, connection:
        for name in derived:
            connection.execute(f'DELETE FROM "{name}"')
    reindex(copy.store, copy.manifest, finality_depth=0)
    assert reconcile(copy.store, copy.reader, copy.manifest).differences == ()


def test_reindex_leaves_the_served_mirror_when_an_event_is_none_of_ours(copy: Opened) -> None:
    with closing(sqlite3.connect(copy.mirror)) as connection, connection:
        connection.execute("UPDATE event SET topics = zeroblob(64) WHERE seq = 3")
    with pytest.raises(LedgerHalted, match="event 3 is none"):
        reindex(copy.store, copy.manifest, finality_depth=0)
    assert copy.mirror.name == "mirror-1.db"
