"""The tables of case work: triage, who is kept out, approvals, clocks, and what staff add to a case.

Whatever a person wrote is under the case's key; what is not, is an identifier, a date or a word from a list.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from case_router.tables import metadata

_CASE = "cases.case_number"
_ACCOUNT = "accounts.account_id"

units = Table(
    "units",
    metadata,
    Column("unit", Text, primary_key=True),  # its code
    Column("name", Text, nullable=False),
    Column("parent", Text, ForeignKey("units.unit")),
)

people = Table(
    "people",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("personnel_number", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("unit", Text, ForeignKey("units.unit")),
    Column("manager", Uuid, ForeignKey("people.person_id")),
    Column("account_id", Uuid, ForeignKey(_ACCOUNT), unique=True),
    Column("left_at", DateTime(timezone=True)),
)
"""The company's own staff, imported: whom a case may name, and whose subordinates they are."""

concerned = Table(
    "concerned",
    metadata,
    Column("concerned_id", Uuid, primary_key=True),
    Column("case_number", Text, ForeignKey(_CASE), nullable=False, index=True),
    Column("person_id", Uuid, ForeignKey("people.person_id")),  # null: not of our staff
    Column("unit", Text, ForeignKey("units.unit")),  # a whole unit
    Column("name_locked", LargeBinary),  # as it was typed, under the case's key
    # suggested: found in the text; confirmed: by a person; dismissed: by a person
    Column("state", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("made_by", Uuid, ForeignKey(_ACCOUNT)),  # null: the service itself
)
"""Whom a case is about: the rules that keep people out."""

exclusions = Table(
    "exclusions",
    metadata,
    Column("case_number", Text, ForeignKey(_CASE), primary_key=True),
    Column("account_id", Uuid, ForeignKey(_ACCOUNT), primary_key=True, index=True),
)
"""Who never gets a case, worked out of `concerned` and `people`, anew whenever either changes."""

triages = Table(
    "triages",
    metadata,
    Column("triage_id", Uuid, primary_key=True),
    Column("case_number", Text, ForeignKey(_CASE), nullable=False, index=True),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("made_by", Uuid, ForeignKey(_ACCOUNT), nullable=False),
    Column("facts", JSONB),  # as they were set: words from lists, dates, numbers; null: a reopening
    Column("reason_locked", LargeBinary),  # why the kind was changed, under the case's key
)
"""Every triage and reopening of a case; the newest triage is what `cases` says."""

duty = Table(
    "duty",
    metadata,
    Column("duty_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey(_ACCOUNT), nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Uuid, ForeignKey(_ACCOUNT)),
    CheckConstraint("starts_at < ends_at", name="duty_has_length"),
    Index("duty_ends", "ends_at"),
)
"""Officers who triage, by time. While nobody is down for the moment, every officer does."""

approvals = Table(
    "approvals",
    metadata,
    Column("approval_id", Uuid, primary_key=True),
    Column("action", Text, nullable=False),  # unseal, erase, grant_role, reset_credentials, ...
    Column("case_number", Text, ForeignKey(_CASE), index=True),
    Column("account_id", Uuid, ForeignKey(_ACCOUNT)),  # whom it concerns
    Column("detail", Text),  # a word from a list: a role
    Column("reason_locked", LargeBinary),  # under the case's key, or else the accounts' key
    Column("asked_by", Uuid, ForeignKey(_ACCOUNT), nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("first_by", Uuid, ForeignKey(_ACCOUNT)),  # the first of two officers, of an account
    Column("first_at", DateTime(timezone=True)),
    Column("decided_by", Uuid, ForeignKey(_ACCOUNT)),
    Column("decided_at", DateTime(timezone=True)),
    Column("approved", Boolean),
    Column("expires_at", DateTime(timezone=True)),  # of what was approved
    CheckConstraint("asked_by <> decided_by", name="approved_by_another"),
    CheckConstraint("first_by NOT IN (asked_by, decided_by)", name="approved_by_two_others"),
    Index("approvals_open", "asked_at", postgresql_where=text("decided_at IS NULL")),
)
"""What two people must want."""

erasures = Table(
    "erasures",
    metadata,
    Column("case_number", Text, ForeignKey(_CASE), primary_key=True),
    Column("digests", ARRAY(Text), nullable=False),  # of the case's blobs
    Column("decided_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""Cases that are being erased. A row goes when nothing of its case is left."""

notes = Table(
    "notes",
    metadata,
    Column("note_id", Uuid, primary_key=True),
    Column("case_number", Text, ForeignKey(_CASE), nullable=False, index=True),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("made_by", Uuid, ForeignKey(_ACCOUNT), nullable=False),
    Column("text_locked", LargeBinary, nullable=False),
    Column("words", ARRAY(LargeBinary), nullable=False),  # keyed hashes, to search by
    Index("notes_words", "words", postgresql_using="gin"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("task_id", Uuid, primary_key=True),
    Column("case_number", Text, ForeignKey(_CASE), nullable=False, index=True),
    Column("title_locked", LargeBinary, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("assignee", Uuid, ForeignKey(_ACCOUNT)),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("made_by", Uuid, ForeignKey(_ACCOUNT)),  # null: the service itself
    Column("origin", Text),  # check_back: the service's, which reopening the case takes back
    Column("done_at", DateTime(timezone=True)),
    Column("done_by", Uuid, ForeignKey(_ACCOUNT)),
    Index("tasks_open", "assignee", "due_on", postgresql_where=text("done_at IS NULL")),
)

case_files = Table(
    "case_files",
    metadata,
    Column("file_id", Uuid, primary_key=True),
    Column("case_number", Text, ForeignKey(_CASE), nullable=False, index=True),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("made_by", Uuid, ForeignKey(_ACCOUNT), nullable=False),
    Column("file_locked", LargeBinary, nullable=False),  # an Attachment, under the case's key
)

case_links = Table(
    "case_links",
    metadata,
    Column("link_id", Uuid, primary_key=True),
    Column("case_number", Text, ForeignKey(_CASE), nullable=False, index=True),
    Column("other_case", Text, ForeignKey(_CASE), nullable=False, index=True),
    Column("relation", Text, nullable=False),  # repeat_of, same_event
    Column("state", Text, nullable=False),  # suggested, confirmed, dismissed
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("made_by", Uuid, ForeignKey(_ACCOUNT)),  # null: the service itself
    CheckConstraint("case_number <> other_case", name="linked_to_another"),
    Index("case_links_once", "case_number", "other_case", "relation", unique=True),
)

assignment_rules = Table(
    "assignment_rules",
    metadata,
    Column("rule_id", Uuid, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", Text),  # these four: null is any
    Column("category", Text),
    Column("unit", Text, ForeignKey("units.unit")),
    Column("language", Text),
    Column("handlers", ARRAY(Uuid), nullable=False),  # the one with the least load gets it
)

profiles = Table(
    "profiles",
    metadata,
    Column("name", Text, primary_key=True),  # sla, retention, alerts
    Column("values", JSONB, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("changed_by", Uuid, ForeignKey(_ACCOUNT)),
)
"""What an admin sets at run time, over the settings' defaults."""

reminders = Table(
    "reminders",
    metadata,
    Column("case_number", Text, ForeignKey(_CASE), primary_key=True),
    Column("clock", Text, primary_key=True),  # acknowledge, feedback, check_back_30, ...
    Column("step", Text, primary_key=True),  # handler, officer
    Column("due_at", DateTime(timezone=True), primary_key=True),
    Column("sent_at", DateTime(timezone=True)),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("next_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("reminders_open", "next_at", postgresql_where=text("sent_at IS NULL")),
)
"""Who has been reminded of what; a row is made before it is sent, so that a kill sends at most once more."""

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Uuid, primary_key=True),
    Column("case_number", Text, ForeignKey(_CASE), nullable=False, unique=True),
    Column("raised_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("sent_at", DateTime(timezone=True)),
    Column("times", Integer, nullable=False, server_default=text("0")),
    # By mail and by webhook apart: where one of them fails, the other isn't heard more often.
    Column("mail_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("mail_failures", Integer, nullable=False, server_default=text("0")),  # in a row
    Column("webhook_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("webhook_failures", Integer, nullable=False, server_default=text("0")),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("acknowledged_by", Uuid, ForeignKey(_ACCOUNT)),
    Index("alerts_open", "raised_at", postgresql_where=text("acknowledged_at IS NULL")),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("view_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey(_ACCOUNT), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Index("saved_views_once", "account_id", "name", unique=True),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("token_id", Uuid, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),  # SHA-256
    Column("account_id", Uuid, ForeignKey(_ACCOUNT), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
)
"""Personal access tokens, for other systems: of an account, with less than its rights."""

oidc_logins = Table(
    "oidc_logins",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),  # SHA-256
    Column("browser_hash", LargeBinary, nullable=False),  # of its cookie
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),  # of PKCE
    Column("next_path", Text, nullable=False),
    Column("account_id", Uuid, ForeignKey(_ACCOUNT)),  # once only our own code is still to come
    Column("id_token_locked", LargeBinary),  # the same; under the accounts' key
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
)
"""Sign-ins by single sign-on that have begun."""

audit_chain = Table(
    "audit_chain",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("entry", BigInteger, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),  # of the one before and of what the entry says
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""The chain's head as it was signed, each second that it moved."""
