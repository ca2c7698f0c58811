"""Events seen, facts, tallies, dead letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "facts_events",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("recorded_at", moment, nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "facts",
        sa.Column("case_number", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text),
        sa.Column("relation", sa.Text),
        sa.Column("person", sa.Text),
        sa.Column("anonymity", sa.Text),
        sa.Column("received_at", moment),
        sa.Column("opened_at", moment),
        sa.Column("day", sa.Date),
        sa.Column("opened_sequence", sa.Integer, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("language_sequence", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("needs_triage", sa.Boolean, nullable=False),
        sa.Column("kind_by_person", sa.Boolean, nullable=False),
        sa.Column("kind_sequence", sa.Integer, nullable=False),
        sa.Column("status", sa.Text),
        sa.Column("status_sequence", sa.Integer, nullable=False),
        sa.Column("finding", sa.Text),
        sa.Column("disposition", sa.Text),
        sa.Column("action", sa.Text),
        sa.Column("closed_at", moment),
        sa.Column("outcome_sequence", sa.Integer, nullable=False),
        sa.Column("acknowledged_at", moment),
        sa.Column("acknowledged_sequence", sa.Integer, nullable=False),
        sa.Column("answered_at", moment),
        sa.Column("answered_sequence", sa.Integer, nullable=False),
        sa.Column("erased", sa.Boolean, nullable=False),
    )
    op.create_table(
        "tallies",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", "channel", "kind", "language", "status"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("key", sa.LargeBinary),
        sa.Column("value", sa.LargeBinary),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("times", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("put_aside_at", moment, nullable=False, server_default=sa.func.now()),
        sa.Column("replayed_at", moment),
    )


def downgrade() -> None:
    """Drop the tables; a replay of the router's case events fills them again."""
    for table in ("dead_letters", "tallies", "facts", "facts_events"):
        op.drop_table(table)
