"""intake-email's tables: what is on its way, sealed; nothing stays once its consumer has it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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

accepted = Table(
    "accepted",
    metadata,
    Column("submission_id", Uuid, primary_key=True),
    Column("case_number", Text, nullable=False),
    Column("follow_up", Boolean, nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("sender_mac", LargeBinary),
    Column("message_mac", LargeBinary),
    Index("accepted_message_mac", "message_mac", postgresql_where=text("message_mac IS NOT NULL")),
    Index(
        "accepted_case_number", "case_number", unique=True, postgresql_where=text("NOT follow_up")
    ),
)
"""Says that a mail is known (an HMAC, no word of it) and that its number is taken. By the HMACs of its sender
(a person's only) and its Message-ID later mails find their case: see `origin.py`.
"""

replies = Table(
    "replies",
    metadata,
    Column("reply_id", Uuid, primary_key=True),
    Column("case_number", Text, nullable=False),
    Column("submission_id", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("language", Text),
    Column("contact", LargeBinary),  # a Sealed (JSON), to the contact key; empty once it is sent
    Column("content", LargeBinary),  # likewise
    Column("traceparent", Text),
    Column("address", LargeBinary),  # HMAC, of an acknowledgement that waits for the day's end
    Column("mail", Uuid),  # the reply whose mail it went out in, where several were joined
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("accepted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("replies_case_number", "case_number"),
    Index("replies_due", "due_at", postgresql_where=text("state = 'waiting'")),
    Index("replies_joined", "address", postgresql_where=text("address IS NOT NULL")),
    Index("replies_mail", "mail", postgresql_where=text("mail IS NOT NULL")),
)
"""`state`: waiting, delivered (the relay took it), failed (also where it came back)."""

taken = Table(
    "taken",
    metadata,
    Column("mailbox", Text, primary_key=True),  # a hash of host, user and folder
    Column("uidvalidity", BigInteger, primary_key=True),
    Column("uid", BigInteger, primary_key=True),
    Column("submission_id", Uuid, nullable=False),
)
"""A message in an IMAP mailbox that is accepted and not yet expunged."""

automatic_mails = Table(
    "automatic_mails",
    metadata,
    Column("address", LargeBinary, primary_key=True),  # HMAC
    Column("reply_id", Uuid, nullable=False),
    Column("until", DateTime(timezone=True)),
    Index("automatic_mails_until", "until"),
)
"""To whom an automatic mail has gone or is going (`until` is null), and until when no other may."""

outbox = outbox_table(metadata)
dead_letters = dead_letters_table(metadata)
