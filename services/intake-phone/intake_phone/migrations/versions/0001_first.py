"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""

    op.create_table(
        "calls",
        sa.Column("call_sid", sa.Text(), nullable=False),
        sa.Column(
            "began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("turn", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("submissions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("memory", sa.LargeBinary(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("forgotten", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("call_sid"),
    )
    op.create_index(
        "calls_going_on",
        "calls",
        ["seen_at"],
        unique=False,
        postgresql_where=sa.text("NOT forgotten"),
    )
    op.create_index("calls_began_at", "calls", ["began_at"], unique=False)
    op.create_index(
        "calls_to_delete",
        "calls",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("gone_at IS NULL"),
    )
    op.create_table(
        "accepted",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("call_sid", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("follow_up", sa.Boolean(), nullable=False),
        sa.Column(
            "accepted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("submission_id"),
    )
    op.create_index("accepted_call_sid", "accepted", ["call_sid"], unique=False)
    op.create_index(
        "accepted_case_number",
        "accepted",
        ["case_number"],
        unique=True,
        postgresql_where=sa.text("NOT follow_up"),
    )
    op.create_table(
        "recordings",
        sa.Column("recording_sid", sa.Text(), nullable=False),
        sa.Column("call_sid", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("supersedes", sa.Uuid(), nullable=True),
        sa.Column("amendment", sa.Text(), server_default="recording", nullable=False),
        sa.Column("state", sa.Text(), server_default="wanted", nullable=False),
        sa.Column(
            "taken_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "next_try_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("recording_sid"),
    )
    op.create_index("recordings_call_sid", "recordings", ["call_sid"], unique=False)
    op.create_index(
        "recordings_due",
        "recordings",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('wanted', 'absent', 'kept')"),
    )
    op.create_table(
        "asked",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("call_sid", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column(
            "asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("view", sa.LargeBinary(), nullable=True),
        sa.Column("wait_seconds", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("asked_call_sid", "asked", ["call_sid"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "put_aside_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("fingerprint"),
    )
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("header_names", sa.Text(), nullable=False),
        sa.Column("header_values", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index(
        "outbox_due",
        "outbox",
        ["due_at", "position"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
