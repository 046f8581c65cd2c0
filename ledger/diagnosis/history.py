"""Checks of what happened: contracts, chain, mirror, follower, time and a noted head."""

from dataclasses import dataclass

from sqlalchemy import Connection, Table, select

from ledger.chain.node import Node
from ledger.chain.reader import Reader
from ledger.clock import CORRECTION_SECONDS_MAX
from ledger.diagnosis.finding import Finding, bad, ok, unknown
from ledger.diagnosis.place import Question, readiness, service_address
from ledger.errors import ChainForked, ChainShorter, ContractsForeign
from ledger.founding import check_contracts
from ledger.known_chain import check_chain, is_in_chain, mirror_head
from ledger.store.engine import Store
from ledger.store.manifest import Manifest
from ledger.store.metadata import KEPT

LAG_BLOCKS_MAX = 10  # seconds of chain time: a moment's lag is how a mirror works


@dataclass(frozen=True, slots=True)
class Case:
    """An opened directory: what was asked, and the rooms in which the answers are."""

    question: Question
    store: Store
    node: Node
    chain: Reader
    manifest: Manifest


def check_contract_code(case: Case) -> Finding:
    """Is the code on chain this version's, and the manifest's?"""
    try:
        check_contracts(case.node, case.manifest)
    except ContractsForeign as foreign:
        return bad("contracts", "foreign", contract=foreign.contract)
    return ok("contracts", "ours")


def check_service_key(case: Case) -> Finding:
    """Is the service's key the one that acknowledgements are checked with?"""
    address = service_address(case.question.settings)
    if address is None:
        return unknown("service_key", "unreadable")
    if address != case.manifest.service_key:
        expected = f"0x{case.manifest.service_key.hex()}"
        return bad("service_key", "other", expected=expected, found=f"0x{address.hex()}")
    return ok("service_key", "same")


def check_known_chain(case: Case) -> Finding:
    """Does the chain reach as far as the directory knows, with the same blocks?"""
    try:
        check_chain(case.chain, case.store)
    except ChainShorter as shorter:
        return bad("chain", "shorter", chain=shorter.chain, known=shorter.known)
    except ChainForked as forked:
        return bad("chain", "forked", block=forked.block)
    head = case.chain.block(case.chain.head_number())
    return ok("chain", "known", block=head.number, head=f"0x{head.hash.hex()}")


def check_mirror(case: Case) -> Finding:
    """Is the mirror there and near the chain's head?"""
    head = mirror_head(case.store)
    if head is None:
        return bad("mirror", "missing")
    lag = max(0, case.chain.head_number() - head[0])
    if lag > LAG_BLOCKS_MAX:
        return bad("mirror", "behind", block=head[0], lag=lag)
    return ok("mirror", "near", block=head[0], lag=lag)


def check_follower(case: Case) -> Finding:
    """Does the running service follow the chain; would the next one?"""
    told = readiness(case.question.settings)
    if told is not None:
        if told.get("halted") is not None:
            return bad("follower", "halted", reason=str(told["halted"]))
        return ok("follower", "follows") if told["ready"] else bad("follower", "stopped")
    broken = _unlinked(case)
    return ok("follower", "links") if broken is None else bad("follower", "unlinked", block=broken)


def _unlinked(case: Case) -> int | None:
    """The first block after the mirror's head that does not follow its parent."""
    head = mirror_head(case.store)
    if head is None:
        return None
    number, block_hash = head
    for wanted in range(number + 1, case.chain.head_number() + 1):
        block = case.chain.block(wanted)
        if block.parent != block_hash:
            return wanted
        block_hash = block.hash
    return None


def check_clock(case: Case) -> Finding:
    """Is the machine's clock behind what was sealed or kept, or off a running service's time?"""
    if case.manifest.is_demo:
        return unknown("clock", "scripted")
    latest = max(case.chain.block(case.chain.head_number()).time, _newest_time(case.store))
    behind = latest - case.question.now
    if behind > CORRECTION_SECONDS_MAX:
        return bad("clock", "behind", seconds=behind)
    told = readiness(case.question.settings)
    if told is not None and (off := told.get("clock_off_seconds")):
        return bad("clock", "jumped", seconds=off)
    return ok("clock", "forward")


def _newest_time(store: Store) -> int:
    """When the newest kept row was written, in unix seconds; 0 before the first."""
    tables = [table for table in KEPT.tables.values() if "seq" in table.c]
    with store.reading_kept() as connection:
        return max((_written_at(connection, table) for table in tables), default=0)


def _written_at(connection: Connection, table: Table) -> int:
    times = [table.c[name] for name in ("created_at", "accepted_at", "at") if name in table.c]
    newest = (select(time).order_by(table.c.seq.desc()).limit(1) for time in times)
    return max((int(connection.scalar(query) or 0) for query in newest), default=0)


def check_noted_head(case: Case) -> Finding:
    """Is the head that somebody wrote down a block of this chain?"""
    if case.question.noted_head is None:
        return unknown("head", "not_given")
    with case.store.reading() as reading:
        is_known = is_in_chain(reading, case.chain, case.question.noted_head)
    return ok("head", "in_chain") if is_known else bad("head", "not_in_chain")
