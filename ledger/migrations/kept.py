"""Every kept table in one place, so that none is forgotten in a migration."""

from ledger.access.audit import audit_table
from ledger.access.grants import grant_table
from ledger.access.model import token_table
from ledger.emissions.deliveries import delivery_table
from ledger.evidence.model import document_table
from ledger.outbox.model import submission_table
from ledger.store.halt import halt_table
from ledger.store.manifest import manifest_table
from ledger.store.metadata import KEPT
from ledger.store.row_mac import row_mac_table
from ledger.verification.findings import finding_table

__all__ = [
    "KEPT",
    "audit_table",
    "delivery_table",
    "document_table",
    "finding_table",
    "grant_table",
    "halt_table",
    "manifest_table",
    "row_mac_table",
    "submission_table",
    "token_table",
]
