"""The kept tables of the first version."""

import sqlalchemy as sa
from alembic import op

from ledger.store.columns import FixedBytes
from ledger.store.kept_shape import postgres_shapes
from ledger.store.noted_changes import postgres_triggers

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("viewer", FixedBytes(length=32), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=True),
        sa.Column("owner", FixedBytes(length=32), nullable=False),
        sa.Column("subject", FixedBytes(length=32), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("previous", FixedBytes(length=32), nullable=False),
        sa.Column("hash", FixedBytes(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_owner_seq"), "audit_entry", ["owner", "seq"], unique=False)
    _keep_audit_entries()
    op.create_table(
        "courier",
        sa.Column("address", FixedBytes(length=20), nullable=False),
        sa.Column("next_nonce", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_courier")),
    )
    op.create_table(
        "courier_transaction",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("courier", FixedBytes(length=20), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("hash", FixedBytes(length=32), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("done_block", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_courier_transaction")),
    )
    op.create_index(
        op.f("ix_courier_transaction_courier_nonce"),
        "courier_transaction",
        ["courier", "nonce"],
        unique=True,
    )
    op.create_index(
        op.f("ix_courier_transaction_hash"), "courier_transaction", ["hash"], unique=False
    )
    op.create_index(
        "ix_courier_transaction_open",
        "courier_transaction",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("done_block IS NULL"),
        postgresql_where=sa.text("done_block IS NULL"),
    )
    op.create_table(
        "custody_key",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", FixedBytes(length=20), nullable=False),
        sa.Column("participant", FixedBytes(length=32), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_custody_key")),
        sa.UniqueConstraint("address", name=op.f("uq_custody_key_address")),
    )
    op.create_index(
        op.f("ix_custody_key_participant_person_seq"),
        "custody_key",
        ["participant", "person", "seq"],
        unique=False,
    )
    op.create_table(
        "delivery",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", FixedBytes(length=32), nullable=False),
        sa.Column("supplier", FixedBytes(length=32), nullable=False),
        sa.Column("consumer", FixedBytes(length=32), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("megajoules", sa.BigInteger(), nullable=False),
        sa.Column("salt", FixedBytes(length=32), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("signature", FixedBytes(length=65), nullable=False),
        sa.Column("countersignature", FixedBytes(length=65), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_delivery")),
        sa.UniqueConstraint("id", name=op.f("uq_delivery_id")),
    )
    op.create_index(op.f("ix_delivery_consumer_seq"), "delivery", ["consumer", "seq"], unique=False)
    op.create_index(op.f("ix_delivery_month_seq"), "delivery", ["month", "seq"], unique=False)
    op.create_index(op.f("ix_delivery_supplier_seq"), "delivery", ["supplier", "seq"], unique=False)
    op.create_table(
        "disclosure_grant",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", FixedBytes(length=32), nullable=False),
        sa.Column("grantee", FixedBytes(length=32), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_disclosure_grant")),
    )
    op.create_index(
        op.f("ix_disclosure_grant_grantee_owner_year"),
        "disclosure_grant",
        ["grantee", "owner", "year"],
        unique=False,
    )
    op.create_index(
        op.f("ix_disclosure_grant_owner_seq"), "disclosure_grant", ["owner", "seq"], unique=False
    )
    op.create_table(
        "document",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", FixedBytes(length=32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_document")),
        sa.UniqueConstraint("digest", name=op.f("uq_document_digest")),
    )
    op.create_table(
        "document_owner",
        sa.Column("digest", FixedBytes(length=32), nullable=False),
        sa.Column("owner", FixedBytes(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "owner", name=op.f("pk_document_owner")),
    )
    op.create_index(
        op.f("ix_document_owner_owner_digest"), "document_owner", ["owner", "digest"], unique=False
    )
    op.create_table(
        "finding",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", FixedBytes(length=32), nullable=False),
        sa.Column("report", FixedBytes(length=32), nullable=False),
        sa.Column("verifier", FixedBytes(length=32), nullable=False),
        sa.Column("parameter", sa.Text(), nullable=False),
        sa.Column("document", FixedBytes(length=32), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("signature", FixedBytes(length=65), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_finding")),
        sa.UniqueConstraint("id", name=op.f("uq_finding_id")),
    )
    op.create_index(op.f("ix_finding_report_seq"), "finding", ["report", "seq"], unique=False)
    op.create_table(
        "halt",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_halt")),
    )
    op.create_table(
        "idempotency",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("caller", FixedBytes(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", FixedBytes(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_idempotency")),
    )
    op.create_index(
        op.f("ix_idempotency_caller_key"), "idempotency", ["caller", "key"], unique=True
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("secret", FixedBytes(length=32), nullable=False),
        sa.Column("participant", FixedBytes(length=32), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("inviter", FixedBytes(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_invitation")),
        sa.UniqueConstraint("secret", name=op.f("uq_invitation_secret")),
    )
    op.create_table(
        "manifest",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("genesis", FixedBytes(length=32), nullable=False),
        sa.Column("identifiers", FixedBytes(length=20), nullable=False),
        sa.Column("identifiers_code_hash", FixedBytes(length=32), nullable=False),
        sa.Column("emissions", FixedBytes(length=20), nullable=False),
        sa.Column("emissions_code_hash", FixedBytes(length=32), nullable=False),
        sa.Column("quotas", FixedBytes(length=20), nullable=False),
        sa.Column("quotas_code_hash", FixedBytes(length=32), nullable=False),
        sa.Column("creation_hash", FixedBytes(length=32), nullable=False),
        sa.Column("root", FixedBytes(length=32), nullable=False),
        sa.Column("service", FixedBytes(length=32), nullable=False),
        sa.Column("service_key", FixedBytes(length=20), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("mirror_generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_manifest")),
    )
    op.create_table(
        "reading_month",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("meter", FixedBytes(length=32), nullable=False),
        sa.Column("facility", FixedBytes(length=32), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("leaves", sa.Integer(), nullable=False),
        sa.Column("step_seconds", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("document", FixedBytes(length=32), nullable=False),
        sa.Column("root", FixedBytes(length=32), nullable=False),
        sa.Column("day_roots", sa.LargeBinary(), nullable=False),
        sa.Column("salt_seed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_reading_month")),
    )
    op.create_index(
        op.f("ix_reading_month_document_seq"), "reading_month", ["document", "seq"], unique=False
    )
    op.create_index(
        op.f("ix_reading_month_facility_period_seq"),
        "reading_month",
        ["facility", "period", "seq"],
        unique=False,
    )
    op.create_index(
        op.f("ix_reading_month_meter_period_seq"),
        "reading_month",
        ["meter", "period", "seq"],
        unique=False,
    )
    op.create_table(
        "row_mac",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column("mac", FixedBytes(length=32), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "row_key", name=op.f("pk_row_mac")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "row_mac_total",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("sum", FixedBytes(length=32), nullable=False),
        sa.Column("mac", FixedBytes(length=32), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_row_mac_total")),
    )
    op.create_table(
        "session",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", FixedBytes(length=32), nullable=False),
        sa.Column("access", FixedBytes(length=32), nullable=False),
        sa.Column("participant", FixedBytes(length=32), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("scopes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_session")),
        sa.UniqueConstraint("access", name=op.f("uq_session_access")),
        sa.UniqueConstraint("id", name=op.f("uq_session_id")),
    )
    op.create_table(
        "submission",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", FixedBytes(length=32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor", FixedBytes(length=32), nullable=False),
        sa.Column("carrier", FixedBytes(length=32), nullable=True),
        sa.Column("batch", FixedBytes(length=32), nullable=True),
        sa.Column("key", FixedBytes(length=20), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("shown", sa.LargeBinary(), nullable=True),
        sa.Column("signature", FixedBytes(length=65), nullable=False),
        sa.Column("possession", FixedBytes(length=65), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("refusal", sa.LargeBinary(), nullable=True),
        sa.Column("acknowledgement", sa.LargeBinary(), nullable=False),
        sa.Column("transaction_seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_submission")),
        sa.UniqueConstraint("id", name=op.f("uq_submission_id")),
    )
    op.create_index("ix_submission_actor", "submission", ["actor", "seq"], unique=False)
    op.create_index(
        "ix_submission_actor_undecided",
        "submission",
        ["actor", "state", "seq"],
        unique=False,
        sqlite_where=sa.text("state IN ('accepted', 'sent')"),
        postgresql_where=sa.text("state IN ('accepted', 'sent')"),
    )
    op.create_index("ix_submission_carrier", "submission", ["carrier", "seq"], unique=False)
    op.create_index(
        "ix_submission_transaction",
        "submission",
        ["transaction_seq", "seq"],
        unique=False,
        sqlite_where=sa.text("transaction_seq IS NOT NULL"),
        postgresql_where=sa.text("transaction_seq IS NOT NULL"),
    )
    op.create_index(
        "ix_submission_undecided",
        "submission",
        ["state", "seq"],
        unique=False,
        sqlite_where=sa.text("state IN ('accepted', 'sent')"),
        postgresql_where=sa.text("state IN ('accepted', 'sent')"),
    )
    op.create_table(
        "token",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lookup", sa.Text(), nullable=False),
        sa.Column("secret", FixedBytes(length=32), nullable=False),
        sa.Column("access", FixedBytes(length=32), nullable=True),
        sa.Column("participant", FixedBytes(length=32), nullable=True),
        sa.Column("person", sa.BigInteger(), nullable=True),
        sa.Column("scopes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_day", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_token")),
        sa.UniqueConstraint("access", name=op.f("uq_token_access")),
        sa.UniqueConstraint("lookup", name=op.f("uq_token_lookup")),
    )
    op.create_index(op.f("ix_token_participant_seq"), "token", ["participant", "seq"], unique=False)
    op.create_table(
        "undecided",
        sa.Column("subject", FixedBytes(length=32), nullable=False),
        sa.Column("submission_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("subject", "submission_seq", name=op.f("pk_undecided")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_undecided_submission_seq"), "undecided", ["submission_seq"], unique=False
    )
    if op.get_bind().dialect.name == "postgresql":
        _note_changes()


def _note_changes() -> None:
    """Triggers by which a session of the service notes what it changed, for the rows' MACs."""
    for shape in postgres_shapes(op.get_bind()):
        for statement in postgres_triggers(shape):
            op.execute(statement)


def _keep_audit_entries() -> None:
    """Triggers that let nobody change or remove what was once noted."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    refusal = "BEGIN SELECT RAISE(ABORT, 'an audit entry is only ever added'); END"
    if is_postgresql:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'an audit entry is only ever added'; END $$"
        )
        refusal = "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    for change in ("UPDATE", "DELETE", *(["TRUNCATE"] if is_postgresql else [])):
        name = f"audit_entry_no_{change.lower()}"
        op.execute(f"CREATE TRIGGER {name} BEFORE {change} ON audit_entry {refusal}")
