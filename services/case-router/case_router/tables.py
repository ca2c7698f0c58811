"""The router's tables. The record of all cases; narratives, PINs and files' keys under the case's key."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
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
from speakup.idempotency import idempotency_table
from speakup.outbox import outbox_table

metadata = MetaData()

PRIORITY_RANK = """(
    CASE priority
        WHEN 'low'::text THEN 0
        WHEN 'normal'::text THEN 1
        WHEN 'high'::text THEN 2
        WHEN 'urgent'::text THEN 3
        ELSE NULL::integer
    END)"""
"""As `triage.Priority` goes up. A query that says it in other words isn't served by the index."""
LETTER_WAITS = "channel = 'mail' AND state IN ('requested', 'accepted')"
"""Of replies: a letter to be printed, or not posted yet."""

cases = Table(
    "cases",
    metadata,
    Column("case_number", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="new"),
    Column("hint", Text),  # what the reporter said that it is
    Column("automatic", Text),  # what sort of machine sent it; empty: a person
    Column("suggested_case", Text),  # which it may belong to; not checked to be there
    Column("kind", Text),  # empty until classified or triaged
    Column("kind_by", Text),  # the model's version, or "person"
    Column("probability", Float),
    Column("category", Text),
    Column("language", Text),
    Column("needs_triage", Boolean, nullable=False, server_default=text("false")),
    Column("relation", Text, nullable=False, server_default="unknown"),
    Column("person", Text, nullable=False, server_default="unknown"),
    Column("anonymity", Text, nullable=False, server_default="anonymous"),
    Column("restricted", Boolean, nullable=False, server_default=text("false")),
    Column("urgent", Boolean, nullable=False, server_default=text("false")),
    # A worker is to form an opinion: at first, and again when a recording has become text.
    Column("to_classify", Boolean, nullable=False, server_default=text("true")),
    Column("handler", Uuid, ForeignKey("accounts.account_id")),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("disposition", Text),  # these three: once closed
    Column("finding", Text),
    Column("action", Text),
    # Of the case's events: the next one gets sequence + 1. Also the case's version, for its ETag.
    Column("sequence", Integer, nullable=False),
    Column(
        "pin_locked", LargeBinary
    ),  # under the case's key, until the acknowledgement is delivered
    Column("pin_hmac", LargeBinary),  # afterwards
    # What the model said, once a person has said otherwise or the same.
    Column("guessed_kind", Text),
    Column("guessed_category", Text),
    # These are a person's, at triage.
    Column("triaged_at", DateTime(timezone=True)),
    Column("subject", Text),
    Column("unit", Text),  # of work_tables.units
    Column("site", Text),
    Column("breached_on", Date),
    Column("discovered_on", Date),
    Column("loss_tenge", BigInteger),
    Column("retaliation_risk", Text),  # none, possible, high
    Column("corruption", Boolean),
    Column("priority", Text, nullable=False, server_default="normal"),
    # No handler is eligible: the committee's chair takes it or finds somebody.
    Column("for_chair", Boolean, nullable=False, server_default=text("false")),
    # The clocks.
    Column("acknowledge_by", DateTime(timezone=True)),
    Column("feedback_by", DateTime(timezone=True)),
    Column("answered_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("reopened_at", DateTime(timezone=True)),
    Column("erased_at", DateTime(timezone=True)),
    # What is owed next. A caller was told in the call, or can't be reached.
    Column(
        "due_at",
        DateTime(timezone=True),
        Computed(
            """
            CASE
                WHEN ((status = 'answered'::text) OR (status = 'closed'::text)
                      OR (kind = 'out_of_scope'::text) OR (erased_at IS NOT NULL))
                THEN NULL::timestamp with time zone
                WHEN ((acknowledged_at IS NULL) AND (channel <> 'phone'::text))
                THEN LEAST(acknowledge_by, feedback_by)
                ELSE feedback_by
            END
            """,
            persisted=True,
        ),
    ),
    Index("cases_due", "due_at", "case_number", postgresql_where=text("due_at IS NOT NULL")),
    # The same in the order of lists, so that one of what is due walks through nothing that isn't.
    Index(
        "cases_due_newest",
        "urgent",
        "opened_at",
        "case_number",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    # Somebody may be in danger: whoever is on duty is told.
    Index(
        "cases_alarming",
        "case_number",
        postgresql_where=text("(urgent OR priority = 'urgent') AND status <> 'closed'"),
    ),
    # Without a clock yet: their kind was said by a way that doesn't know of clocks.
    Index(
        "cases_without_clock",
        "case_number",
        postgresql_where=text(
            "feedback_by IS NULL AND kind <> 'out_of_scope' AND status <> 'closed'"
        ),
    ),
    Index("cases_urgent_newest", "urgent", "opened_at", "case_number"),
    Index("cases_oldest", "opened_at", "case_number"),
    Index("cases_by_priority", text(PRIORITY_RANK), "opened_at", "case_number"),
    # What is rare among all cases would else be looked for in all of them.
    Index("cases_of_status_newest", "status", "urgent", "opened_at", "case_number"),
    Index("cases_of_category_newest", "category", "urgent", "opened_at", "case_number"),
    Index(
        "cases_of_unit_newest",
        "unit",
        "urgent",
        "opened_at",
        "case_number",
        postgresql_where=text("unit IS NOT NULL"),
    ),
    Index(
        "cases_untriaged_newest",
        "urgent",
        "opened_at",
        "case_number",
        postgresql_where=text("triaged_at IS NULL"),
    ),
    Index(
        "cases_unsure_newest",
        "urgent",
        "opened_at",
        "case_number",
        postgresql_where=text("needs_triage"),
    ),
    # The chair's list and a handler's, which would else walk through all the others'.
    Index(
        "cases_of_chair_newest",
        "urgent",
        "opened_at",
        "case_number",
        postgresql_where=text("restricted OR for_chair"),
    ),
    Index(
        "cases_of_handler_newest",
        "handler",
        "urgent",
        "opened_at",
        "case_number",
        postgresql_where=text("handler IS NOT NULL"),
    ),
    Index("cases_to_classify", "opened_at", postgresql_where=text("to_classify")),
)
"""`restricted`: about compliance staff themselves, for the chair alone. `urgent`: somebody is in danger, by
the reporter's word.
"""

submissions = Table(
    "submissions",
    metadata,
    Column("submission_id", Uuid, primary_key=True),
    Column("case_number", Text, ForeignKey("cases.case_number"), nullable=False, index=True),
    Column("follow_up", Boolean, nullable=False),
    Column("channel", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("unparsed", Boolean, nullable=False),
    Column("answerable", Boolean, nullable=False),
    Column("automatic", Text),
    Column("content_locked", LargeBinary, nullable=False),  # a Content, under the case's key
    Column("contact_reply", LargeBinary),  # a packed Sealed, to the channel's contact key
    Column("contact_unsealing", LargeBinary),  # a packed Sealed, to the unsealing key
)

amendments = Table(
    "amendments",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),  # the order they came in
    Column("case_number", Text, ForeignKey("cases.case_number"), nullable=False, index=True),
    Column("submission_id", Uuid, ForeignKey("submissions.submission_id"), nullable=False),
    Column("amendment", Text, nullable=False),
    Column("amended_at", DateTime(timezone=True), nullable=False),
    Column("account_id", Uuid, ForeignKey("accounts.account_id")),  # null: by way of an adapter
    Column("content_locked", LargeBinary),  # an Amended, under the case's key
)
"""What was added to submissions after they were accepted. Nothing is replaced: the newest is what holds."""

waiting_follow_ups = Table(
    "waiting_follow_ups",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("event_type", Text, nullable=False),
    Column("case_number", Text, nullable=False, index=True),
    Column("record", LargeBinary, nullable=False),  # the event's JSON; sealed as it came
    Column("source", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("traceparent", Text),
    Column("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""Follow-ups that came before their case, amendments that came before their submission."""

processed = Table(
    "processed",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("processed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""Events of `speakup.deliveries` that were acted upon; a submission's own row says it of a submission."""

access_requests = Table(
    "access_requests",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("answer", LargeBinary, nullable=False),  # the AccessAnswered as JSON: its view is sealed
    Column("answered_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("access_requests_oldest", "answered_at"),
)
"""What reporters' requests were answered, for as long as they may come again."""

access_failures = Table(
    "access_failures",
    metadata,
    Column("subject", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("lockouts", Integer, nullable=False, server_default=text("0")),
    Column("locked_until", DateTime(timezone=True)),
)
"""Wrong PINs (`case_router.lockout`). `subject`: an HMAC of the case number, whether there is such a case or
not; empty: of all together.
"""

replies = Table(
    "replies",
    metadata,
    Column("reply_id", Uuid, primary_key=True),
    Column("case_number", Text, ForeignKey("cases.case_number"), nullable=False, index=True),
    Column("channel", Text),  # null: of older ones, which no letter was
    Column("purpose", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("requested_by", Uuid, ForeignKey("accounts.account_id")),  # null: the acknowledgement
    Column(
        "content_locked", LargeBinary, nullable=False
    ),  # a Reply without PIN, under the case's key
    Column("state", Text, nullable=False, server_default="requested"),
    Column("state_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("failure", Text),
    Column("returned", Boolean, nullable=False, server_default=text("false")),
    Index("replies_letters_waiting", "case_number", postgresql_where=text(LETTER_WAITS)),
)
"""`state`: requested, accepted, delivered, failed. `returned`: failed after it was handed over."""

audit = Table(
    "audit",
    metadata,
    Column("entry", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("account_id", Uuid),  # null: the service itself
    Column("action", Text, nullable=False),
    Column("case_number", Text, index=True),
    Column("object", Text),  # an identifier, never a person's word
    Column("address", Text),  # where the request came from
    # For who reads the log by them.
    Index("audit_by_account", "account_id", "entry"),
    Index("audit_by_action", "action", "entry"),
    Index("audit_by_time", "at", postgresql_using="brin"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),  # argon2id; null: by single sign-on alone
    Column("oidc_subject", Text, unique=True),  # issuer and subject, of single sign-on
    Column("language", Text),  # of what is sent to them; null: all three
    Column("email", Text),  # for reminders and alerts, which tell a case number at most
    Column("disabled_at", DateTime(timezone=True)),
    # Of the code that its owner sets a first password with: SHA-256, since it is random.
    Column("invited_hash", LargeBinary),
    Column("invited_until", DateTime(timezone=True)),
    Column("totp_locked", LargeBinary),  # under the accounts' key
    Column("totp_confirmed", Boolean, nullable=False, server_default=text("false")),
    Column("totp_last_step", BigInteger),  # a code is taken once
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("locked_until", DateTime(timezone=True)),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of the refresh token
    Column("account_id", Uuid, ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("second_factor", Boolean, nullable=False),
    # Of all refresh tokens that came from one sign-in; a token that is used twice ends them all.
    Column("family", Uuid, nullable=False, index=True),
    Column("rotated_at", DateTime(timezone=True)),
)

idempotency = idempotency_table(metadata)

adapter_keys = Table(
    "adapter_keys",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("key_ids", Text, nullable=False),  # comma-separated
    Column("said_at", DateTime(timezone=True), nullable=False),
)
"""Which intake keys each adapter still needs (decision 0003)."""

outbox = outbox_table(metadata)
dead_letters = dead_letters_table(metadata)

# The keys' own database: small, and outside the main backups.
keys_metadata = MetaData()

case_keys = Table(
    "case_keys",
    keys_metadata,
    Column("case_number", Text, primary_key=True),
    Column("provider_key", Text, nullable=False),  # which key wrapped it
    Column("wrapped", LargeBinary, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
