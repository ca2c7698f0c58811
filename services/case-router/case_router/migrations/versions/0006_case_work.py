"""Case work: triage, who is kept out, approvals, clocks, what staff add, and the audit log's chain."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Cases that a person has given a handler or a kind count as triaged."""
    op.create_table(
        "audit_chain",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("entry"),
    )
    op.create_table(
        "audit_heads",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_table(
        "units",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent"],
            ["units.unit"],
        ),
        sa.PrimaryKeyConstraint("unit"),
    )
    op.create_table(
        "access_tokens",
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("token_id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(
        op.f("ix_access_tokens_account_id"), "access_tokens", ["account_id"], unique=False
    )
    op.create_table(
        "assignment_rules",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("handlers", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["units.unit"],
        ),
        sa.PrimaryKeyConstraint("rule_id"),
    )
    op.create_table(
        "duty",
        sa.Column("duty_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name="duty_has_length"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("duty_id"),
    )
    op.create_index("duty_ends", "duty", ["ends_at"], unique=False)
    op.create_table(
        "people",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("personnel_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("manager", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["manager"],
            ["people.person_id"],
        ),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["units.unit"],
        ),
        sa.PrimaryKeyConstraint("person_id"),
        sa.UniqueConstraint("account_id"),
        sa.UniqueConstraint("personnel_number"),
    )
    op.create_table(
        "profiles",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "saved_views",
        sa.Column("view_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("view_id"),
    )
    op.create_index(op.f("ix_saved_views_account_id"), "saved_views", ["account_id"], unique=False)
    op.create_index("saved_views_once", "saved_views", ["account_id", "name"], unique=True)
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column(
            "raised_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("times", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "mail_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("mail_failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "webhook_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("webhook_failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.PrimaryKeyConstraint("alert_id"),
        sa.UniqueConstraint("case_number"),
    )
    op.create_index(
        "alerts_open",
        "alerts",
        ["raised_at"],
        unique=False,
        postgresql_where=sa.text("acknowledged_at IS NULL"),
    )
    op.create_table(
        "approvals",
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("reason_locked", sa.LargeBinary(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column(
            "asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("first_by", sa.Uuid(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("asked_by <> decided_by", name="approved_by_another"),
        sa.CheckConstraint("first_by NOT IN (asked_by, decided_by)", name="approved_by_two_others"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["first_by"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("approval_id"),
    )
    op.create_index(
        "approvals_open",
        "approvals",
        ["asked_at"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index(op.f("ix_approvals_case_number"), "approvals", ["case_number"], unique=False)
    op.create_table(
        "erasures",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("digests", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.PrimaryKeyConstraint("case_number"),
    )
    op.create_table(
        "case_files",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("file_locked", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("file_id"),
    )
    op.create_index(op.f("ix_case_files_case_number"), "case_files", ["case_number"], unique=False)
    op.create_table(
        "case_links",
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("other_case", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("case_number <> other_case", name="linked_to_another"),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["other_case"],
            ["cases.case_number"],
        ),
        sa.PrimaryKeyConstraint("link_id"),
    )
    op.create_index(
        "case_links_once", "case_links", ["case_number", "other_case", "relation"], unique=True
    )
    op.create_index(op.f("ix_case_links_case_number"), "case_links", ["case_number"], unique=False)
    op.create_index(op.f("ix_case_links_other_case"), "case_links", ["other_case"], unique=False)
    op.create_table(
        "concerned",
        sa.Column("concerned_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("name_locked", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.person_id"],
        ),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["units.unit"],
        ),
        sa.PrimaryKeyConstraint("concerned_id"),
    )
    op.create_index(op.f("ix_concerned_case_number"), "concerned", ["case_number"], unique=False)
    op.create_table(
        "exclusions",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.PrimaryKeyConstraint("case_number", "account_id"),
    )
    op.create_index(op.f("ix_exclusions_account_id"), "exclusions", ["account_id"], unique=False)
    op.create_table(
        "notes",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("text_locked", sa.LargeBinary(), nullable=False),
        sa.Column("words", postgresql.ARRAY(sa.LargeBinary()), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("note_id"),
    )
    op.create_index(op.f("ix_notes_case_number"), "notes", ["case_number"], unique=False)
    op.create_index("notes_words", "notes", ["words"], unique=False, postgresql_using="gin")
    op.create_table(
        "reminders",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.PrimaryKeyConstraint("case_number", "clock", "step", "due_at"),
    )
    op.create_index(
        "reminders_open",
        "reminders",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("title_locked", sa.LargeBinary(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("assignee", sa.Uuid(), nullable=True),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assignee"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.ForeignKeyConstraint(
            ["done_by"],
            ["accounts.account_id"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("task_id"),
    )
    op.create_index(op.f("ix_tasks_case_number"), "tasks", ["case_number"], unique=False)
    op.create_index(
        "tasks_open",
        "tasks",
        ["assignee", "due_on"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "triages",
        sa.Column("triage_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=True),
        sa.Column("reason_locked", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["cases.case_number"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("triage_id"),
    )
    op.create_index(op.f("ix_triages_case_number"), "triages", ["case_number"], unique=False)
    op.create_table(
        "oidc_logins",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("next_path", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("id_token_locked", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("state_hash"),
    )
    op.create_index(op.f("ix_oidc_logins_expires_at"), "oidc_logins", ["expires_at"], unique=False)
    op.alter_column("accounts", "password_hash", nullable=True)
    op.add_column("accounts", sa.Column("oidc_subject", sa.Text(), nullable=True))
    op.add_column("accounts", sa.Column("email", sa.Text(), nullable=True))
    op.add_column("accounts", sa.Column("language", sa.Text(), nullable=True))
    op.add_column("accounts", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("invited_hash", sa.LargeBinary(), nullable=True))
    op.add_column("accounts", sa.Column("invited_until", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(None, "accounts", ["oidc_subject"])
    op.add_column("audit", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("guessed_kind", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("guessed_category", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("triaged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("unit", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("site", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("breached_on", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("discovered_on", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("loss_tenge", sa.BigInteger(), nullable=True))
    op.add_column("cases", sa.Column("retaliation_risk", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("corruption", sa.Boolean(), nullable=True))
    op.add_column(
        "cases", sa.Column("priority", sa.Text(), server_default="normal", nullable=False)
    )
    op.add_column(
        "cases",
        sa.Column("for_chair", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("cases", sa.Column("acknowledge_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("feedback_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "cases",
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            sa.Computed(
                """
                CASE
                    WHEN ((status = 'answered'::text) OR (status = 'closed'::text)
                          OR (kind = 'out_of_scope'::text) OR (erased_at IS NOT NULL))
                    THEN NULL::timestamp with time zone
                    WHEN ((acknowledged_at IS NULL) AND (channel <> 'phone'::text))
                    THEN LEAST(acknowledge_by, feedback_by)
                    ELSE feedback_by
                END
                """,
                persisted=True,
            ),
        ),
    )
    op.create_index(
        "cases_due",
        "cases",
        ["due_at", "case_number"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "cases_due_newest",
        "cases",
        ["urgent", "opened_at", "case_number", "due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "cases_alarming",
        "cases",
        ["case_number"],
        postgresql_where=sa.text("(urgent OR priority = 'urgent') AND status <> 'closed'"),
    )
    op.create_index(
        "cases_without_clock",
        "cases",
        ["case_number"],
        postgresql_where=sa.text(
            "feedback_by IS NULL AND kind <> 'out_of_scope' AND status <> 'closed'"
        ),
    )
    op.create_index(
        "cases_of_chair_newest",
        "cases",
        ["urgent", "opened_at", "case_number"],
        postgresql_where=sa.text("restricted OR for_chair"),
    )
    op.create_index(
        "cases_of_handler_newest",
        "cases",
        ["handler", "urgent", "opened_at", "case_number"],
        postgresql_where=sa.text("handler IS NOT NULL"),
    )
    op.execute(
        "UPDATE cases SET triaged_at = now() WHERE handler IS NOT NULL OR kind_by = 'person'"
    )
