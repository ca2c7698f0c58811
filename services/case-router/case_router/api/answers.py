"""What the case API answers, as models: the OpenAPI document is made of them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_router.triage import Priority, RetaliationRisk, Subject
from speakup.events import (
    Action,
    Anonymity,
    Automatic,
    Channel,
    Disposition,
    Finding,
    Kind,
    Language,
    Person,
    Purpose,
    Relation,
    Status,
)
from speakup.problems import MEDIA_TYPE
from speakup.submission import Verdicts


class Answer(BaseModel):
    """Made from a row or from values."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class ProblemDetails(Answer):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="What is wrong and what to do about it.")


class CaseFacts(Answer):
    """What is known of a case, without a word of what the reporter wrote."""

    case_number: str = Field(examples=["2481632047"])
    channel: Channel
    status: Status
    kind: Kind | None = Field(description="Empty until the case is classified.")
    kind_by: str | None = Field(description="The classifier's version, or `person`.")
    probability: float | None
    category: str | None
    guessed_kind: Kind | None = Field(
        default=None, description="The model's word, once a person has said what the case is."
    )
    guessed_category: str | None = None
    triaged_at: datetime | None = None
    subject: Subject | None = None
    unit: str | None = None
    site: str | None = None
    breached_on: date | None = None
    discovered_on: date | None = None
    loss_tenge: int | None = None
    retaliation_risk: RetaliationRisk | None = None
    corruption: bool | None = None
    priority: Priority = Priority.normal
    for_chair: bool = Field(
        default=False,
        description="No handler is eligible: the committee's chair takes it or finds somebody.",
    )
    language: Language | None
    needs_triage: bool = Field(
        description="The classifier wasn't sure enough, or there are no words yet: a call to listen to."
    )
    urgent: bool = Field(description="Somebody is in danger, by the reporter's word.")
    automatic: Automatic | None = Field(description="Set where no person sent it.")
    suggested_case: str | None = Field(
        description="A case that it may belong to, as somebody else than its reporter named it; it "
        "may not be there."
    )
    relation: Relation
    person: Person
    anonymity: Anonymity
    restricted: bool = Field(description="About compliance staff: for the chair alone.")
    handler: str | None = Field(description="The account that works on it.", examples=["handler"])
    received_at: datetime
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledge_by: datetime | None = Field(
        description="The reporter is to know by then that it has arrived; null: nobody can be told."
    )
    feedback_by: datetime | None = Field(
        description="The answer is owed by then; null until there is a kind, and for what is out of scope."
    )
    due_at: datetime | None = Field(
        description="Whichever of them comes next; null: nothing is owed."
    )
    answered_at: datetime | None
    closed_at: datetime | None
    disposition: Disposition | None
    finding: Finding | None
    action: Action | None
    erased_at: datetime | None = Field(description="When only facts were left of it.")
    sequence: int = Field(description="Of the case's newest event.")


class CasePage(Answer):
    """Some cases, urgent ones first, then the newest."""

    items: list[CaseFacts]
    next: str | None = Field(description="Send it as `cursor` for the next page; null at the end.")


class AttachmentFacts(Answer):
    """A file of a submission or a reply; get it by its index."""

    index: int
    name: str = Field(description="The sender's word.", examples=["invoice.pdf"])
    content_type: str = Field(description="The sender's word.", examples=["application/pdf"])
    size: int = Field(description="Bytes.")
    marks: list[str] = Field(
        description="What is odd about the name.", examples=[["double_ending"]]
    )


class Narrative(Answer):
    """What the reporter wrote."""

    subject: str
    text: str = Field(description="The new words.")
    quoted: str = Field(description="The thread and signature that came with them.")
    cut: bool = Field(description="The text is longer; all of it is at `…/text`.")
    attachments: list[AttachmentFacts]
    marks: list[str] = Field(description="`encrypted`, `signed`.")
    verdicts: Verdicts = Field(description="What mail server and virus scanner said of it.")
    raw: bool = Field(description="The message as it came is at `…/raw`.")


class SubmissionRead(Answer):
    """One thing that the reporter sent."""

    submission_id: UUID
    follow_up: bool
    channel: Channel
    received_at: datetime
    unparsed: bool = Field(description="It couldn't be read by machine; there is only `…/raw`.")
    answerable: bool = Field(description="False for automatic mails: they are never answered.")
    automatic: Automatic | None = Field(description="Set where no person sent it.")
    narrative: Narrative | None = Field(description="Null where it was erased.")


class TranscriptRead(Answer):
    """What somebody or something heard in a recording."""

    transcript_id: UUID
    at: datetime
    by: str | None = Field(description="The account that typed it; null for a machine's.")
    machine: str | None = Field(examples=["whisper-base"], description="Null for a person's.")
    confidence: float | None = Field(description="The machine's, from 0 to 1.")
    language: Language
    text: str
    confirmed_at: datetime | None = Field(
        description="When the reporter heard it and said that it is right."
    )


class RecordingState(StrEnum):
    """What there is of a recording."""

    audio_awaited = "audio_awaited"
    audio_missing = "audio_missing"
    needs_listening = "needs_listening"
    transcript = "transcript"


class RecordingRead(Answer):
    """Something that the reporter spoke; hear it at `…/recordings/{recording_id}`."""

    recording_id: UUID
    submission_id: UUID
    recorded_at: datetime
    seconds: int
    state: RecordingState = Field(
        description="`audio_awaited`: it isn't here yet. `audio_missing`: it can't be had. "
        "`needs_listening`: no machine made text of it. `transcript`: there is one."
    )
    audio: bool = Field(description="It can be heard.")
    language: Language | None = Field(description="Of the transcript.")
    superseded_by: UUID | None = Field(
        description="The recording by which the reporter replaced this one."
    )
    transcript: TranscriptRead | None = Field(description="The one that holds.")
    versions: list[TranscriptRead] = Field(description="All of them, oldest first.")


class LetterFacts(Answer):
    """A reply by post: you print the letter, the mailroom its address label."""

    post_code: str = Field(
        description="Letter and label show it. Write it on the closed envelope for the mailroom.",
        examples=["K7Q2-M4X"],
    )
    pdf: str | None = Field(
        description="Where to print the letter. Null for an acknowledgement that is posted: the PIN in it "
        "isn't kept any longer."
    )


class ReplyRead(Answer):
    """A word to the reporter and how far it has got."""

    reply_id: UUID
    purpose: Purpose
    requested_at: datetime
    by: str | None = Field(description="The account; null for what the service sends itself.")
    channel: Channel | None = Field(
        description="It goes by; `phone`: it is read out when they call. Null for old ones."
    )
    state: str = Field(
        description="A letter is `accepted` when the mailroom can print its label, `delivered` when it is "
        "posted, `failed` when it came back.",
        examples=["requested", "accepted", "delivered", "failed"],
    )
    state_at: datetime
    failure: str | None
    text: str | None = Field(description="Null for acknowledgements and what was erased.")
    attachments: list[AttachmentFacts] = Field(description="Get them at `…/replies/…`.")
    explanation: str | None = Field(
        description="The number of its PDF, where it went out as one.", examples=["2481632047-1"]
    )
    signatory: str | None = Field(default=None, description="Of such a PDF.")
    provision: str | None = Field(default=None, description="That such a PDF cites.")
    letter: LetterFacts | None = Field(description="Of a reply by post.")


class CaseRead(CaseFacts):
    """A case with all that was sent and said. PIN and contact are never shown."""

    erased: bool = Field(description="The case's key was destroyed: only facts are left.")
    replies_go_by: Channel | None = Field(
        description="How a reply reaches the reporter. `phone`: it is read out when they call with their "
        "number and PIN. Null: they can't be reached."
    )
    submissions: list[SubmissionRead]
    recordings: list[RecordingRead]
    replies: list[ReplyRead]


class CaseChanged(Answer):
    """What a change led to; the new ETag is in the header."""

    case_number: str
    status: Status
    sequence: int


class TranscriptTaken(CaseChanged):
    """A transcript is kept; the ones before it stay."""

    transcript_id: UUID


class ReplyTaken(CaseChanged):
    """A reply is on its way; its state is shown with the case."""

    reply_id: UUID


_WORDS = {
    401: "Not signed in, or the token is over.",
    403: "Narratives need a second factor.",
    404: "Not there, or not for you: the answer is the same.",
    409: "The case's state doesn't allow it; the detail says why.",
    410: "It has been erased or lost.",
    413: "It is too large.",
    412: "The case has changed since you read it; read it again.",
    415: "It isn't `application/json`.",
    422: "Some values don't fit.",
    428: "`If-Match` is missing.",
    429: "Too many at once; try again.",
    503: "Too busy or a part is away; try again.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: these statuses answer with problem details."""
    schema = {"schema": ProblemDetails.model_json_schema()}
    return {
        status: {"description": _WORDS[status], "content": {MEDIA_TYPE: schema}}
        for status in statuses
    }
