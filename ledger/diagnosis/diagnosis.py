"""All checks in their order. A check that breaks is a finding too: nothing ends the others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ledger.chain.node import NodeUnreachable
from ledger.diagnosis.finding import Finding, bad, unknown
from ledger.diagnosis.history import (
    Case,
    check_clock,
    check_contract_code,
    check_follower,
    check_known_chain,
    check_mirror,
    check_noted_head,
    check_service_key,
)
from ledger.diagnosis.kept_evidence import check_documents, check_evidence, check_readings
from ledger.diagnosis.kept_rows import check_row_total, check_rows
from ledger.diagnosis.place import (
    Question,
    check_database,
    check_directory,
    check_disk,
    check_key_files,
    check_passphrase,
    check_port,
    check_service,
)
from ledger.errors import DirectoryInUse
from ledger.opening import node_of, reader
from ledger.settings import read_connections
from ledger.store.manifest import read_manifest
from ledger.store.opened import open_store

T = TypeVar("T")

OF_THE_PLACE: dict[str, Callable[[Question], Finding]] = {
    "service": check_service,
    "key_files": check_key_files,
    "passphrase": check_passphrase,
    "port": check_port,
    "disk": check_disk,
    "database": check_database,
}
OF_THE_HISTORY: dict[str, Callable[[Case], Finding]] = {
    "contracts": check_contract_code,
    "service_key": check_service_key,
    "chain": check_known_chain,
    "mirror": check_mirror,
    "follower": check_follower,
    "head": check_noted_head,
    "clock": check_clock,
    "documents": check_documents,
    "readings": check_readings,
    "evidence": check_evidence,
    "rows": check_rows,
    "row_total": check_row_total,
}


def diagnose(question: Question) -> list[Finding]:
    """Every finding; where no ledger is, only that."""
    directory = _run("directory", check_directory, question)
    if directory.state == "bad":
        return [directory]
    findings = [directory, *(_run(name, check, question) for name, check in OF_THE_PLACE.items())]
    return [*findings, *_of_the_history(question)]


def _of_the_history(question: Question) -> list[Finding]:
    try:
        with _opened(question) as case:
            return [_run(name, check, case) for name, check in OF_THE_HISTORY.items()]
    except DirectoryInUse:  # by a verb, or by a service that starts
        return [unknown(name, "no_chain") for name in OF_THE_HISTORY]
    except Exception as error:  # whatever keeps a directory shut is what was found
        shut = bad("chain", "broken_off", error=type(error).__name__)
        return [shut, *(unknown(name, "no_chain") for name in OF_THE_HISTORY if name != "chain")]


@contextmanager
def _opened(question: Question) -> Iterator[Case]:
    store = open_store(question.settings.directory)
    try:
        with store.reading_kept() as connection:
            manifest = read_manifest(connection)
        with node_of(question.settings) as node:
            chain = reader(node, manifest, read_connections(question.settings.directory))
            yield Case(question, store, node, chain, manifest)
    finally:
        store.close()


def _run(name: str, check: Callable[[T], Finding], examined: T) -> Finding:
    try:
        return check(examined)
    except NodeUnreachable:  # the check of the service says why
        return unknown(name, "no_chain")
    except Exception as error:  # the doctor's outermost loop: a broken check is a finding
        return bad(name, "broken_off", error=type(error).__name__)
