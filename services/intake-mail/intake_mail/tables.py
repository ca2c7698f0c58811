"""intake-mail's tables: the register, which stays; drafts, locked under a key of each letter's own that goes when it is sent."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from speakup.dead_letters import dead_letters_table
from speakup.idempotency import idempotency_table
from speakup.outbox import outbox_table

metadata = MetaData()

years = Table(
    "years",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("letters", Integer, nullable=False),
)
"""How many letters each year has: counted in the transaction that adds one, so that no number is left out."""

letters = Table(
    "letters",
    metadata,
    Column("letter_id", Uuid, primary_key=True),
    Column("year", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="draft"),
    Column("version", Integer, nullable=False, server_default=text("1")),  # of its entry
    Column("account_id", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("touched_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column(
        "draft_key", LargeBinary
    ),  # wrapped; these two are empty once the letter is sent or void
    Column("draft", LargeBinary),
    Column("revision", Integer, nullable=False, server_default=text("1")),  # of the draft
    Column("work", Text),  # what a machine has to do with it next
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("void_reason", Text),
    Column("joined_to", Uuid),
    Column("sent_at", DateTime(timezone=True)),
    Column("opened_at", DateTime(timezone=True)),  # when its case was
    UniqueConstraint("year", "place"),
    Index("letters_drafts", "touched_at", postgresql_where=text("state = 'draft'")),
    Index("letters_work", "due_at", postgresql_where=text("work IS NOT NULL")),
)
"""`state`: draft, sending, sent, void. `work`: open, read, send."""

entries = Table(
    "entries",
    metadata,
    Column("letter_id", Uuid, ForeignKey("letters.letter_id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("account_id", Uuid, nullable=False),
    Column("account_name", Text, nullable=False),
    Column("reason", Text),  # of a correction
    Column("received_on", Date, nullable=False),
    Column("postmarked_on", Date),
    Column("registered_mail_number", Text, nullable=False),
    Column("envelope", Boolean, nullable=False),
    Column("seal_intact", Boolean, nullable=False),
    Column("enclosures", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("witnessed_by", Text, nullable=False),
    Column("storage_place", Text, nullable=False),
    PrimaryKeyConstraint("letter_id", "version"),
)
"""What the register says of a letter, version after version: nothing is ever written over."""

scans = Table(
    "scans",
    metadata,
    Column("letter_id", Uuid, ForeignKey("letters.letter_id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("sha256", LargeBinary, nullable=False),  # of the file as it came in
    Column("bytes", Integer, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column(
        "original", LargeBinary
    ),  # of a file with several letters: its blob, sealed for two approvals
    PrimaryKeyConstraint("letter_id", "position"),
    Index("scans_sha256", "sha256"),
)
"""The files that a letter came as: the chain of custody. What is in them lies sealed elsewhere."""

replies = Table(
    "replies",
    metadata,
    Column("reply_id", Uuid, primary_key=True),
    Column("case_number", Text, nullable=False),
    Column("submission_id", Uuid, nullable=False),  # the contact is bound to it
    Column("purpose", Text, nullable=False),
    Column("code", Text, nullable=False, unique=True),  # of `speakup.post_code`
    Column("contact", LargeBinary),  # a packed Sealed, to the contact key; empty once it is posted
    Column("traceparent", Text),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("labelled_at", DateTime(timezone=True)),  # when its label was printed first
    Column("posted_at", DateTime(timezone=True)),
    Column("posted_by", Uuid),
    Column("posted_by_name", Text),
    Column("registered_mail_number", Text),
    Column("returned_at", DateTime(timezone=True)),
    Column("returned_by", Uuid),
    Column("returned_by_name", Text),
    Column("return_reason", Text),
    Index("replies_newest", "requested_at", "code"),
)
"""Answers by post, the mailroom's half: an address and a code, and nothing of what is said. `state`: waiting,
posted, returned.
"""

address_readings = Table(
    "address_readings",
    metadata,
    Column("reading", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("account_id", Uuid, nullable=False),
    Column("account_name", Text, nullable=False),
    Column("code", Text, nullable=False),
)
"""Who had which address opened, when: each printing of a label."""

pieces = Table(
    "pieces",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("letter_id", Uuid, nullable=False),  # that may not be there yet, or never
    Column("noted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("pieces_letter", "letter_id"),
)
"""Blobs that drafts own: noted before they are stored, so that none is left behind."""

accepted = Table(
    "accepted",
    metadata,
    Column("submission_id", Uuid, primary_key=True),
    Column("letter_id", Uuid, ForeignKey("letters.letter_id"), nullable=False),
    Column("case_number", Text, unique=True),  # empty where it follows up another case
    Column("sent_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""What was sent to the router."""

pile = Table(
    "pile",
    metadata,
    Column("one_row", Boolean, primary_key=True, server_default=text("true")),
    Column("received_on", Date),
    Column("opened_by", Text, nullable=False, server_default=""),
    Column("witnessed_by", Text, nullable=False, server_default=""),
    Column("storage_place", Text, nullable=False, server_default=""),
    Column("envelope", Boolean, nullable=False, server_default=text("true")),
    Column("seal_intact", Boolean, nullable=False, server_default=text("true")),
    Column("language", Text),
    Column("account_id", Uuid),
    Column("account_name", Text, nullable=False, server_default=""),
    CheckConstraint("one_row"),
)
"""What holds for the letters that are on the desk: one row."""

idempotency = idempotency_table(metadata)
outbox = outbox_table(metadata)
dead_letters = dead_letters_table(metadata)
