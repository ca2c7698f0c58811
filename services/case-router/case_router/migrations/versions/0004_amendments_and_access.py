"""Amendments, urgent cases, and reporters who open their case by number and PIN."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Cases that are there aren't urgent; those without a kind are still to be classified."""
    op.add_column(
        "cases", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.add_column(
        "cases",
        sa.Column("to_classify", sa.Boolean, nullable=False, server_default=sa.text("true")),
    )
    op.execute("UPDATE cases SET to_classify = false WHERE kind IS NOT NULL")
    op.drop_index("cases_newest", "cases")
    op.drop_index("cases_unclassified", "cases")
    op.create_index("cases_urgent_newest", "cases", ["urgent", "opened_at", "case_number"])
    op.create_index(
        "cases_to_classify", "cases", ["opened_at"], postgresql_where=sa.text("to_classify")
    )
    op.add_column(
        "waiting_follow_ups",
        sa.Column(
            "event_type",
            sa.Text,
            nullable=False,
            server_default="kz.speakup.submission.follow_up.v1",
        ),
    )
    op.alter_column("waiting_follow_ups", "event_type", server_default=None)
    op.create_table(
        "amendments",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number"), nullable=False),
        sa.Column(
            "submission_id", sa.Uuid, sa.ForeignKey("submissions.submission_id"), nullable=False
        ),
        sa.Column("amendment", sa.Text, nullable=False),
        sa.Column("amended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.account_id")),
        sa.Column("content_locked", sa.LargeBinary),
    )
    op.create_index(op.f("ix_amendments_case_number"), "amendments", ["case_number"])
    op.execute("ALTER TABLE amendments ALTER COLUMN content_locked SET STORAGE EXTERNAL")
    op.create_table(
        "access_requests",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column(
            "answered_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
    )
    op.create_index("access_requests_oldest", "access_requests", ["answered_at"])
    op.create_table(
        "access_failures",
        sa.Column("subject", sa.LargeBinary, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
        ),
        sa.Column("lockouts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
    )
