"""By which channel a reply goes: letters are printed from the case."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Of replies that are there it isn't known; none of them is a letter."""
    op.add_column("replies", sa.Column("channel", sa.Text))
