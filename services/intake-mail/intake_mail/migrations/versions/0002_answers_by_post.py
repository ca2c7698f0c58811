"""Answers by post: labels to be printed, and who had an address opened."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "replies",
        sa.Column("reply_id", sa.Uuid, primary_key=True),
        sa.Column("case_number", sa.Text, nullable=False),
        sa.Column("submission_id", sa.Uuid, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False, unique=True),
        sa.Column("contact", sa.LargeBinary),
        sa.Column("traceparent", sa.Text),
        sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("labelled_at", sa.DateTime(timezone=True)),
        sa.Column("posted_at", sa.DateTime(timezone=True)),
        sa.Column("posted_by", sa.Uuid),
        sa.Column("posted_by_name", sa.Text),
        sa.Column("registered_mail_number", sa.Text),
        sa.Column("returned_at", sa.DateTime(timezone=True)),
        sa.Column("returned_by", sa.Uuid),
        sa.Column("returned_by_name", sa.Text),
        sa.Column("return_reason", sa.Text),
    )
    op.create_index("replies_newest", "replies", ["requested_at", "code"])
    op.create_table(
        "address_readings",
        sa.Column("reading", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
    )
