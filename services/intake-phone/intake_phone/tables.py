"""intake-phone's tables: calls that go on, what was made of them, recordings that are on their way.

No number of a caller is ever written here.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from speakup.dead_letters import dead_letters_table
from speakup.outbox import outbox_table

metadata = MetaData()

calls = Table(
    "calls",
    metadata,
    Column("call_sid", Text, primary_key=True),
    Column("began_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("turn", Integer, nullable=False, server_default=text("0")),  # the next one expected
    Column("submissions", Integer, nullable=False, server_default=text("0")),
    Column("language", Text),
    Column("memory", LargeBinary),  # a `memory.Memory`, locked; empty before its first turn
    Column("ended_at", DateTime(timezone=True)),
    Column("seconds", Integer),
    Column("forgotten", Boolean, nullable=False, server_default=text("false")),
    # Of its resource at Twilio, which holds the caller's number:
    Column("gone_at", DateTime(timezone=True)),
    Column("next_try_at", DateTime(timezone=True)),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Index("calls_going_on", "seen_at", postgresql_where=text("NOT forgotten")),
    Index("calls_began_at", "began_at"),
    Index("calls_to_delete", "next_try_at", postgresql_where=text("gone_at IS NULL")),
)

accepted = Table(
    "accepted",
    metadata,
    Column("submission_id", Uuid, primary_key=True),
    Column("call_sid", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("follow_up", Boolean, nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("accepted_call_sid", "call_sid"),
    Index(
        "accepted_case_number", "case_number", unique=True, postgresql_where=text("NOT follow_up")
    ),
)
"""The messages left in calls: known, their numbers taken."""

recordings = Table(
    "recordings",
    metadata,
    Column("recording_sid", Text, primary_key=True),
    Column("call_sid", Text, nullable=False),
    Column("submission_id", Uuid, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("recording_id", Uuid, nullable=False),
    Column("language", Text),
    Column("seconds", Integer, nullable=False),
    Column("supersedes", Uuid),  # another recording_id
    Column("amendment", Text, nullable=False, server_default="recording"),
    Column("state", Text, nullable=False, server_default="wanted"),
    Column("taken_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Index("recordings_call_sid", "call_sid"),
    Index(
        "recordings_due",
        "next_try_at",
        postgresql_where=text("state IN ('wanted', 'absent', 'kept')"),
    ),
)
"""`amendment`: recording, corrected. `state`: wanted (to be fetched), absent (Twilio says that there is none),
missing (and our case knows it), kept (sealed, to be deleted at Twilio), gone (deleted there)."""

asked = Table(
    "asked",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("call_sid", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),  # the session's private key, locked
    Column("asked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("answered_at", DateTime(timezone=True)),
    Column("view", LargeBinary),  # packed, to the session's key; empty: refused
    Column("wait_seconds", Integer),
    Index("asked_call_sid", "call_sid"),
)
"""Numbers and PINs that callers have given, until the router's word on them has been heard."""

days = Table(
    "days",
    metadata,
    Column("day", Date, primary_key=True),  # UTC
    Column("reconciled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""Days whose calls and recordings were compared with Twilio's list of them."""

to_transcribe = Table(
    "to_transcribe",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("submission_id", Uuid, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("sealed", LargeBinary),  # to the transcriber's key; empty once it is done
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("to_transcribe_due", "next_try_at", postgresql_where=text("sealed IS NOT NULL")),
)
"""Recordings that a machine is to hear, or has heard."""

outbox = outbox_table(metadata)
dead_letters = dead_letters_table(metadata)
