"""At most one automatic mail to an address in a day: who has had one, by HMAC."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Acknowledgements that wait already are sent as before, the first of an address at once."""
    op.add_column("replies", sa.Column("address", sa.LargeBinary(), nullable=True))
    op.add_column("replies", sa.Column("mail", sa.Uuid(), nullable=True))
    op.create_index(
        "replies_mail",
        "replies",
        ["mail"],
        unique=False,
        postgresql_where=sa.text("mail IS NOT NULL"),
    )
    op.create_index(
        "replies_joined",
        "replies",
        ["address"],
        unique=False,
        postgresql_where=sa.text("address IS NOT NULL"),
    )
    op.create_table(
        "automatic_mails",
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("reply_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_index("automatic_mails_until", "automatic_mails", ["until"], unique=False)
