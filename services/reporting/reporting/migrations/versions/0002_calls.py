"""Calls and abandoned calls; what callers say of themselves after their message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SEQUENCES = ("relation_sequence", "person_sequence")


def upgrade() -> None:
    """Make the table; of the cases that are there, the facts were told as they were opened."""
    op.create_table(
        "calls",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("ended", sa.Integer, nullable=False),
        sa.Column("abandoned", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", "language"),
    )
    for name in SEQUENCES:
        op.add_column(
            "facts", sa.Column(name, sa.Integer, nullable=False, server_default=sa.text("0"))
        )
        op.execute(f"UPDATE facts SET {name} = opened_sequence")  # noqa: S608 - fixed words


def downgrade() -> None:
    """Drop them; a replay of the router's case events fills them again."""
    op.drop_table("calls")
    for name in SEQUENCES:
        op.drop_column("facts", name)
