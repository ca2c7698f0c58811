"""The events that pass between the services, as frozen models: the only thing services share.

Rules (design.md, 4): a type is versioned by its name; a field may be added, never removed or changed in
meaning. So unknown fields are ignored and an unknown type is refused. No event carries a word of a
narrative, a name or an address in the clear: what a person sent travels as `Sealed`.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

CaseNumber = Annotated[str, StringConstraints(pattern=r"^[1-4]\d{9}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Channel(StrEnum):
    """Where a submission came in; `hand` is a case added by staff."""

    phone = "phone"
    email = "email"
    mail = "mail"
    hand = "hand"


class Language(StrEnum):
    """ISO 639-1 codes of the languages that reporters are answered in."""

    kk = "kk"
    ru = "ru"
    en = "en"


class Kind(StrEnum):
    """What a case is about; a report and a question in one submission is a `breach_report`."""

    breach_report = "breach_report"
    policy_inquiry = "policy_inquiry"
    out_of_scope = "out_of_scope"


class Automatic(StrEnum):
    """What a mail is that no person wrote to us."""

    autoreply = "autoreply"
    """Out of office, a receipt, a complaint in a machine's form."""
    bounce = "bounce"
    """Some mail couldn't be delivered."""
    delay = "delay"
    """Some mail couldn't be delivered yet."""
    loop = "loop"
    """One of our own mails has come back, or a mail that runs in a circle."""
    mailing_list = "mailing_list"


class Relation(StrEnum):
    """What the reporter is to the company."""

    employee = "employee"
    partner = "partner"
    counterparty = "counterparty"
    other = "other"
    unknown = "unknown"


class Person(StrEnum):
    """Whether the reporter writes for themselves or for an organisation."""

    individual = "individual"
    legal_entity = "legal_entity"
    unknown = "unknown"


class Anonymity(StrEnum):
    """How far the reporter has made themselves known."""

    anonymous = "anonymous"
    confidential = "confidential"
    named = "named"


class Status(StrEnum):
    """The life of a case; `new → in_review → in_progress → answered → closed`, and `reopened`."""

    new = "new"
    in_review = "in_review"
    in_progress = "in_progress"
    answered = "answered"
    closed = "closed"
    reopened = "reopened"


class Finding(StrEnum):
    """What the examination of a breach report found."""

    substantiated = "substantiated"
    partly_substantiated = "partly_substantiated"
    unsubstantiated = "unsubstantiated"
    insufficient_information = "insufficient_information"


class Disposition(StrEnum):
    """What became of an appeal, in the words of the yearly public report."""

    considered = "considered"
    pending = "pending"
    forwarded = "forwarded"
    left_without_consideration = "left_without_consideration"


class Action(StrEnum):
    """What the company did upon a finding."""

    discipline = "discipline"
    separation = "separation"
    training = "training"
    process_change = "process_change"
    referral_to_authority = "referral_to_authority"
    none = "none"


class Purpose(StrEnum):
    """Why a reporter is written to."""

    acknowledgement = "acknowledgement"
    question = "question"
    answer = "answer"


class Frozen(BaseModel):
    """A value that can't be changed and whose errors never show the input."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )


class Sealed(Frozen):
    """Ciphertext that only the holder of the private key `key_id` can open (see `speakup.seal`)."""

    key_id: str
    ciphertext: bytes


class SealedContact(Frozen):
    """How to reach the reporter, sealed apart from the narrative, twice."""

    reply: Sealed | None
    """To the contact key of the channel, which its reply worker alone holds; None: nobody to reply to."""
    unsealing: Sealed
    """To the unsealing key: released by two approvals."""


class Payload(Frozen):
    """What every event has: its type name is the class's own."""

    TYPE: ClassVar[str]


class _Submission(Payload):
    submission_id: UUID
    """The event's id as well, so that a repeated publication is seen as the same."""
    case_number: CaseNumber
    channel: Channel
    received_at: datetime
    language: Language | None = None
    relation: Relation = Relation.unknown
    person: Person = Person.unknown
    anonymity: Anonymity = Anonymity.anonymous
    content: Sealed
    """A sealed `speakup.submission.Content`."""
    contact: SealedContact | None = None
    """None where the channel knows nothing of the reporter."""
    answerable: bool = True
    """False for autoreplies, bounces and lists: nothing automatic is ever sent upon them."""
    unparsed: bool = False
    """True where the submission couldn't be read by machine and the raw form alone is sealed."""
    blobs: tuple[Digest, ...] = ()
    """SHA-256 of the ciphertext of each blob that `content` refers to."""
    hint: Kind | None = None
    """What the reporter said that it is (a key pressed on the phone); the router still decides."""
    automatic: Automatic | None = None
    """Set where a machine sent it: its case is out of scope, and nothing is sent upon it."""
    restricted: bool = False
    """The reporter said that it is about the compliance staff themselves: for the chair alone."""
    in_danger: bool = False
    """The reporter said that somebody is in danger now."""


class SubmissionReceived(_Submission):
    """A person sent something new: the router opens a case under `case_number`."""

    TYPE = "kz.speakup.submission.received.v1"
    suggested_case: CaseNumber | None = None
    """The case that it may belong to, by a number or thread that somebody else than its reporter named."""


class SubmissionFollowUp(_Submission):
    """A person sent more about the case `case_number`."""

    TYPE = "kz.speakup.submission.follow_up.v1"


class Amendment(StrEnum):
    """What was added to a submission after it was accepted."""

    recording = "recording"
    recording_missing = "recording_missing"
    """A recording was made whose audio can't be had."""
    transcript = "transcript"
    """What a machine heard in a recording."""
    confirmed = "confirmed"
    """The reporter heard the transcript and says that it is right."""
    corrected = "corrected"
    """The reporter recorded it anew; what they said first stays."""
    answers = "answers"
    """What the reporter said of themselves after the message: relation, person, danger."""
    told = "told"
    """The reporter has been told case number and PIN."""


class SubmissionAmended(Payload):
    """More of a submission that was accepted before its parts were there (a call's recording)."""

    TYPE = "kz.speakup.submission.amended.v1"
    submission_id: UUID
    case_number: CaseNumber
    amendment: Amendment
    amended_at: datetime
    content: Sealed | None = None
    """A sealed `speakup.submission.Amended`, bound to the event's id."""
    for_transcriber: Sealed | None = None
    """A sealed `speakup.submission.ToTranscribe`; None where no machine is to hear it."""
    blobs: tuple[Digest, ...] = ()
    """SHA-256 of the ciphertext of each blob that `content` refers to."""
    relation: Relation | None = None
    person: Person | None = None
    in_danger: bool | None = None
    """These three: None where it wasn't said."""
    restricted: bool = False
    """As in the submission."""


class CallEnded(Payload):
    """A call is over, with or without a submission (statistics of abandoned calls)."""

    TYPE = "kz.speakup.call.ended.v1"
    ended_at: datetime
    seconds: int = Field(ge=0)
    language: Language | None = None
    submission_id: UUID | None = None


class _CaseEvent(Payload):
    case_number: CaseNumber
    sequence: int = Field(ge=1)
    """Counts the events of a case without gaps: consumers order by it."""
    occurred_at: datetime


class CaseOpened(_CaseEvent):
    """A submission became a case; settles the adapter's outbox row `submission_id`."""

    TYPE = "kz.speakup.case.opened.v1"
    submission_id: UUID
    channel: Channel
    received_at: datetime
    language: Language | None = None
    relation: Relation = Relation.unknown
    person: Person = Person.unknown
    anonymity: Anonymity = Anonymity.anonymous


class CaseFollowedUp(_CaseEvent):
    """A follow-up joined the case; settles the adapter's outbox row `submission_id`."""

    TYPE = "kz.speakup.case.followed_up.v1"
    submission_id: UUID


class CaseAmended(_CaseEvent):
    """An amendment joined the case; settles the adapter's outbox row `event_id`."""

    TYPE = "kz.speakup.case.amended.v1"
    submission_id: UUID
    event_id: UUID
    amendment: Amendment
    relation: Relation | None = None
    person: Person | None = None
    """These two: what the case has from now on; None where nothing was said of it."""


class CallRecorded(Payload):
    """The router has noted a call's end, for the statistics; settles `event_id`."""

    TYPE = "kz.speakup.call.recorded.v1"
    event_id: UUID
    ended_at: datetime
    seconds: int = Field(ge=0)
    language: Language | None = None
    submitted: bool
    """Whether there is a submission of it: else it was abandoned."""


class SubmissionSetAside(Payload):
    """A submission can't be opened and is kept whole among the router's dead letters; settles it."""

    TYPE = "kz.speakup.submission.set_aside.v1"
    event_id: UUID
    case_number: CaseNumber
    set_aside_at: datetime
    reason: str
    """A word from a fixed list, never the text of an error."""


class CaseClassified(_CaseEvent):
    """The machine's opinion of a case."""

    TYPE = "kz.speakup.case.classified.v1"
    kind: Kind
    probability: float = Field(ge=0, le=1)
    needs_triage: bool
    category: str | None = None
    language: Language | None = None
    version: str
    """Which model said so."""


class CaseTriaged(_CaseEvent):
    """A person's word on what a case is; it stands above the machine's."""

    TYPE = "kz.speakup.case.triaged.v1"
    kind: Kind
    category: str | None = None
    subject: str | None = None
    """The heading of the yearly public page that it counts under."""
    unit: str | None = None
    """The code of a unit of the company."""
    breached_on: date | None = None
    discovered_on: date | None = None
    loss_tenge: int | None = Field(default=None, ge=0)
    """Estimated."""
    retaliation_risk: str | None = None
    """none, possible or high: against the reporter."""
    corruption: bool | None = None


class CaseAssigned(_CaseEvent):
    """A case has got a handler (who, is nobody's business outside the router)."""

    TYPE = "kz.speakup.case.assigned.v1"


class CaseAcknowledged(_CaseEvent):
    """The reporter's first word from us has been delivered."""

    TYPE = "kz.speakup.case.acknowledged.v1"


class CaseStatusChanged(_CaseEvent):
    """A case moved on in its life."""

    TYPE = "kz.speakup.case.status_changed.v1"
    status: Status


class CaseAnswered(_CaseEvent):
    """A handler's substantive answer has been handed to the reporter's channel."""

    TYPE = "kz.speakup.case.answered.v1"


class CaseClosed(_CaseEvent):
    """A case ended; an inquiry has neither finding nor action."""

    TYPE = "kz.speakup.case.closed.v1"
    disposition: Disposition
    finding: Finding | None = None
    action: Action | None = None


class CaseErased(_CaseEvent):
    """The case's key was destroyed; the facts stay."""

    TYPE = "kz.speakup.case.erased.v1"


class DeliveryRecorded(Payload):
    """The router has taken these events of `speakup.deliveries`; settles them."""

    TYPE = "kz.speakup.delivery.recorded.v1"
    event_ids: tuple[UUID, ...]


class ReplyRequested(Payload):
    """A word to the reporter, for the adapter of the channel they chose."""

    TYPE = "kz.speakup.reply.requested.v1"
    reply_id: UUID
    case_number: CaseNumber
    channel: Channel
    purpose: Purpose
    requested_at: datetime
    language: Language | None = None
    """None where it isn't known: then all three are used."""
    contact: Sealed
    """To the channel's contact key, as the adapter sealed it; opened with `submission_id`."""
    submission_id: UUID
    content: Sealed
    """A `speakup.submission.Reply`, to the channel's contact key."""


class ReplyAccepted(Payload):
    """The adapter has the reply on disk; settles the router's outbox row `reply_id`."""

    TYPE = "kz.speakup.reply.accepted.v1"
    reply_id: UUID
    case_number: CaseNumber


class ReplyDelivered(Payload):
    """The next system on the way to the reporter took the reply."""

    TYPE = "kz.speakup.reply.delivered.v1"
    reply_id: UUID
    case_number: CaseNumber
    purpose: Purpose
    delivered_at: datetime


class ReplyFailed(Payload):
    """The reply can't be delivered and won't be tried again."""

    TYPE = "kz.speakup.reply.failed.v1"
    reply_id: UUID
    case_number: CaseNumber
    purpose: Purpose
    failed_at: datetime
    reason: str
    """Plain words without the address."""
    returned: bool = False
    """True where it had been handed over (`reply.delivered`) and came back."""


class FactsRecorded(Payload):
    """Reporting has taken these events of `speakup.cases`; settles them."""

    TYPE = "kz.speakup.facts.recorded.v1"
    event_ids: tuple[UUID, ...]


class ReplayRequested(Payload):
    """Asks the router to send its case events again, from `since` on (None: all)."""

    TYPE = "kz.speakup.replay.requested.v1"
    since: datetime | None = None


class IntakeKeysInUse(Payload):
    """Which of the router's intake keys an adapter still needs (decision 0003).

    A key that every adapter has ceased to name can be destroyed.
    """

    TYPE = "kz.speakup.intake_keys.in_use.v1"
    adapter: str
    key_ids: tuple[str, ...]
    said_at: datetime


class AccessRequested(Payload):
    """A reporter gave number and PIN at a channel; the router alone decides."""

    TYPE = "kz.speakup.access.requested.v1"
    request_id: UUID
    channel: Channel
    requested_at: datetime
    credentials: Sealed
    """A `speakup.submission.Credentials`, to the router's intake key."""
    session_key: bytes
    """The asking session's public key: `seal.PublicKey.raw`."""


class AccessAnswered(Payload):
    """What the router said to an `AccessRequested`; `view` None means refused."""

    TYPE = "kz.speakup.access.answered.v1"
    request_id: UUID
    view: Sealed | None = None
    """A `speakup.submission.View`, to the session's key."""
    wait_seconds: int | None = Field(default=None, ge=0)
    """So long nothing is opened, by whatever PIN; said alike whether the case exists or not."""


PAYLOADS: tuple[type[Payload], ...] = (
    SubmissionReceived,
    SubmissionFollowUp,
    SubmissionAmended,
    CallEnded,
    CaseOpened,
    CaseFollowedUp,
    CaseAmended,
    CallRecorded,
    SubmissionSetAside,
    CaseClassified,
    CaseTriaged,
    CaseAssigned,
    CaseAcknowledged,
    CaseStatusChanged,
    CaseAnswered,
    CaseClosed,
    CaseErased,
    DeliveryRecorded,
    ReplyRequested,
    ReplyAccepted,
    ReplyDelivered,
    ReplyFailed,
    FactsRecorded,
    ReplayRequested,
    IntakeKeysInUse,
    AccessRequested,
    AccessAnswered,
)

BY_TYPE: dict[str, type[Payload]] = {payload.TYPE: payload for payload in PAYLOADS}


class Event(NamedTuple):
    """A payload with its CloudEvents 1.0 attributes."""

    id: UUID
    source: str
    """The service that wrote it, as a URI reference: `/intake-email`."""
    time: datetime
    subject: str
    """The case number, which is the Kafka key; another stable word where there is no case."""
    payload: Payload
    traceparent: str | None = None
    """W3C Trace Context of the work that caused the event."""
