"""Indexes for lists, where what is asked for is rare, and for who reads the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NEWEST = ["urgent", "opened_at", "case_number"]
_RANK = """(
    CASE priority
        WHEN 'low'::text THEN 0
        WHEN 'normal'::text THEN 1
        WHEN 'high'::text THEN 2
        WHEN 'urgent'::text THEN 3
        ELSE NULL::integer
    END)"""


def upgrade() -> None:
    """Nothing but indexes."""
    op.create_index("cases_oldest", "cases", ["opened_at", "case_number"])
    op.create_index("cases_by_priority", "cases", [sa.text(_RANK), "opened_at", "case_number"])
    op.create_index("cases_of_status_newest", "cases", ["status", *_NEWEST])
    op.create_index("cases_of_category_newest", "cases", ["category", *_NEWEST])
    for name, columns, only in (
        ("cases_of_unit_newest", ["unit", *_NEWEST], "unit IS NOT NULL"),
        ("cases_untriaged_newest", _NEWEST, "triaged_at IS NULL"),
        ("cases_unsure_newest", _NEWEST, "needs_triage"),
    ):
        op.create_index(name, "cases", columns, postgresql_where=sa.text(only))
    op.create_index(
        "replies_letters_waiting",
        "replies",
        ["case_number"],
        postgresql_where=sa.text("channel = 'mail' AND state IN ('requested', 'accepted')"),
    )
    op.create_index("audit_by_account", "audit", ["account_id", "entry"])
    op.create_index("audit_by_action", "audit", ["action", "entry"])
    op.create_index("audit_by_time", "audit", ["at"], postgresql_using="brin")
