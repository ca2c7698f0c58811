"""Reporting's tables: events seen, facts of each case, figures by day. No word of a reporter in any."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from speakup.dead_letters import dead_letters_table

metadata = MetaData()

facts_events = Table(
    "facts_events",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""Events that the facts hold already."""

facts = Table(
    "facts",
    metadata,
    Column("case_number", Text, primary_key=True),
    Column("channel", Text),  # empty while only later events of the case have come
    Column("relation", Text),
    Column("relation_sequence", Integer, nullable=False, server_default=text("0")),
    Column("person", Text),
    Column("person_sequence", Integer, nullable=False, server_default=text("0")),
    Column("anonymity", Text),
    Column("received_at", DateTime(timezone=True)),
    Column("opened_at", DateTime(timezone=True)),
    Column("day", Date),  # of received_at, where the company is
    Column("opened_sequence", Integer, nullable=False),
    Column("language", Text),
    Column("language_sequence", Integer, nullable=False),
    Column("kind", Text),
    Column("category", Text),
    Column("needs_triage", Boolean, nullable=False),
    Column("kind_by_person", Boolean, nullable=False),
    Column("kind_sequence", Integer, nullable=False),
    Column("status", Text),
    Column("status_sequence", Integer, nullable=False),
    Column("finding", Text),
    Column("disposition", Text),
    Column("action", Text),
    Column("closed_at", DateTime(timezone=True)),
    Column("outcome_sequence", Integer, nullable=False),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("acknowledged_sequence", Integer, nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("answered_sequence", Integer, nullable=False),
    Column("erased", Boolean, nullable=False),
)
"""One row a case: `reporting.tally.Facts`, column for field."""

tallies = Table(
    "tallies",
    metadata,
    Column("day", Date, nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),  # '' until known, here and below
    Column("language", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("day", "channel", "kind", "language", "status"),
)
"""How many cases each `reporting.tally.Cell` holds; kept in the transaction that changes the facts."""

calls = Table(
    "calls",
    metadata,
    Column("day", Date, nullable=False),  # of the call's end, where the company is
    Column("language", Text, nullable=False),  # '' where none was chosen
    Column("ended", Integer, nullable=False),
    Column("abandoned", Integer, nullable=False),
    PrimaryKeyConstraint("day", "language"),
)
"""Calls that ended, and those of them that left no submission."""

dead_letters = dead_letters_table(metadata)
