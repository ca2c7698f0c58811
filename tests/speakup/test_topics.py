"""Events on the wire: what is written is read back, and what isn't ours is refused by a fixed word."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from speakup import topics
from speakup.events import CaseAssigned, Event

EVENT = Event(
    uuid4(),
    "/case-router",
    datetime(2026, 11, 22, tzinfo=UTC),
    "2941080236",
    CaseAssigned(
        case_number="2941080236", sequence=3, occurred_at=datetime(2026, 11, 22, tzinfo=UTC)
    ),
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
RECORD = topics.encode(EVENT)


def replaced(name: str, value: bytes) -> list[tuple[str, bytes]]:
    return [(key, value if key == name else old) for key, old in RECORD.headers]


def test_an_event_is_read_back_as_it_was() -> None:
    assert topics.decode(RECORD.value, RECORD.headers, RECORD.topic) == EVENT


def test_the_case_number_is_the_key_so_that_a_case_keeps_its_order() -> None:
    assert RECORD.key == b"2941080236"


def test_a_field_that_a_newer_writer_added_is_ignored() -> None:
    value = RECORD.value[:-1] + b',"later":"x"}'
    assert topics.decode(value, RECORD.headers, RECORD.topic) == EVENT


@pytest.mark.parametrize(
    ("value", "headers", "topic", "reason"),
    [
        (RECORD.value, replaced("ce_type", b"kz.speakup.else.v1"), RECORD.topic, "unknown_type"),
        (RECORD.value, RECORD.headers[2:], RECORD.topic, "missing_attribute"),
        (RECORD.value, replaced("ce_id", b"\xff"), RECORD.topic, "malformed_attribute"),
        (RECORD.value, RECORD.headers, topics.REPLIES, "wrong_topic"),
        (b'{"case_number": "words"}', RECORD.headers, RECORD.topic, "malformed_payload"),
        (None, RECORD.headers, RECORD.topic, "malformed_payload"),
    ],
)
def test_what_is_not_ours_is_refused_by_a_word(
    value: bytes | None, headers: list[tuple[str, bytes]], topic: str, reason: str
) -> None:
    with pytest.raises(topics.UnreadableRecordError, match=f"^{reason}$"):
        topics.decode(value, headers, topic)
