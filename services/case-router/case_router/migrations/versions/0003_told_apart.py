"""What a machine sent, which case a mail may belong to, and replies that came back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Cases and replies that are there are as if a person had sent them, and as if none had come back."""
    op.add_column("cases", sa.Column("automatic", sa.Text))
    op.add_column("cases", sa.Column("suggested_case", sa.Text))
    op.add_column("submissions", sa.Column("automatic", sa.Text))
    op.add_column(
        "replies",
        sa.Column("returned", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
