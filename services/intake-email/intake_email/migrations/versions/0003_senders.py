"""Later mails find their case by HMACs of sender and Message-ID; a mail that came back, its reply."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Mails accepted before are found by plus-address only."""
    op.add_column("accepted", sa.Column("sender_mac", sa.LargeBinary))
    op.add_column("accepted", sa.Column("message_mac", sa.LargeBinary))
    op.create_index(
        "accepted_message_mac",
        "accepted",
        ["message_mac"],
        postgresql_where=sa.text("message_mac IS NOT NULL"),
    )
    op.create_index("replies_case_number", "replies", ["case_number"])
