"""Topics, and how an event is written as a Kafka record (CloudEvents 1.0, Kafka binding, binary mode)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from pydantic import ValidationError

from speakup import events

SUBMISSIONS = "speakup.submissions"
CASES = "speakup.cases"
REPLIES = "speakup.replies"
DELIVERIES = "speakup.deliveries"
ACCESS = "speakup.access"

TYPES: dict[str, tuple[type[events.Payload], ...]] = {
    SUBMISSIONS: (
        events.SubmissionReceived,
        events.SubmissionFollowUp,
        events.SubmissionAmended,
        events.CallEnded,
    ),
    CASES: (
        events.CaseOpened,
        events.CaseFollowedUp,
        events.CaseAmended,
        events.CallRecorded,
        events.SubmissionSetAside,
        events.CaseClassified,
        events.CaseTriaged,
        events.CaseAssigned,
        events.CaseAcknowledged,
        events.CaseStatusChanged,
        events.CaseAnswered,
        events.CaseClosed,
        events.CaseErased,
        events.DeliveryRecorded,
    ),
    REPLIES: (events.ReplyRequested,),
    DELIVERIES: (
        events.ReplyAccepted,
        events.ReplyDelivered,
        events.ReplyFailed,
        events.FactsRecorded,
        events.ReplayRequested,
        events.IntakeKeysInUse,
    ),
    ACCESS: (events.AccessRequested, events.AccessAnswered),
}

TOPIC_OF: dict[type[events.Payload], str] = {
    payload: topic for topic, payloads in TYPES.items() for payload in payloads
}

PARTITIONS = 6
"""Of each topic when it is created: how far a consumer group can grow without a new topic."""


class UnreadableRecordError(ValueError):
    """A Kafka record that is not an event of ours; the text is a fixed phrase, never the content."""


class Record(NamedTuple):
    """An event as it goes over the wire."""

    event_id: UUID
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def encode(event: events.Event) -> Record:
    """The record of an event, for the topic that its type belongs to."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_type", event.payload.TYPE.encode()),
        ("ce_source", event.source.encode()),
        ("ce_id", str(event.id).encode()),
        ("ce_time", event.time.isoformat().encode()),
        ("ce_subject", event.subject.encode()),
        ("content-type", b"application/json"),
    ]
    if event.traceparent is not None:
        headers.append(("traceparent", event.traceparent.encode()))
    return Record(
        event_id=event.id,
        topic=TOPIC_OF[type(event.payload)],
        key=event.subject.encode(),
        value=event.payload.model_dump_json().encode(),
        headers=tuple(headers),
    )


def header(headers: Iterable[tuple[str, bytes]], name: str) -> str | None:
    """The value of a header, or None where it is missing or not ASCII."""
    for key, value in headers:
        if key == name:
            try:
                return value.decode("ascii")
            except UnicodeDecodeError:
                return None
    return None


def decode(value: bytes | None, headers: Sequence[tuple[str, bytes]], topic: str) -> events.Event:
    """The event of a record.

    Raises UnreadableRecordError for an unknown type, one that doesn't belong to the topic, a missing
    attribute or a payload that doesn't fit its model.
    """
    names = {key: raw for key, raw in headers if key.startswith("ce_") or key == "traceparent"}
    try:
        attributes = {key: raw.decode("ascii") for key, raw in names.items()}
        payload_type = events.BY_TYPE[attributes["ce_type"]]
        event_id = UUID(attributes["ce_id"])
        time = datetime.fromisoformat(attributes["ce_time"])
        source, subject = attributes["ce_source"], attributes["ce_subject"]
    except KeyError as error:
        missing = cast("str", error.args[0])
        if missing.startswith("kz."):
            raise UnreadableRecordError("unknown_type") from None
        raise UnreadableRecordError("missing_attribute") from None
    except (ValueError, UnicodeDecodeError):
        raise UnreadableRecordError("malformed_attribute") from None
    if TOPIC_OF[payload_type] != topic:
        raise UnreadableRecordError("wrong_topic")
    try:
        payload = payload_type.model_validate_json(value or b"")
    except ValidationError:
        raise UnreadableRecordError("malformed_payload") from None
    return events.Event(event_id, source, time, subject, payload, attributes.get("traceparent"))
