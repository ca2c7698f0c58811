"""Ciphertext is stored as it is: PostgreSQL's attempts to compress it only took time."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From now on; rows that are there stay readable."""
    op.execute("ALTER TABLE outbox ALTER COLUMN value SET STORAGE EXTERNAL")
