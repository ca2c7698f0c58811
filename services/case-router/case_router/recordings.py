"""The recordings of a case: which there are, what each was heard to say, what the reporter said to that.

Plain values in the order in which the amendments came in; nothing that came is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from speakup.events import Amendment
from speakup.submission import Amended, Recording, Transcript


class Added(NamedTuple):
    """An amendment, opened."""

    event_id: UUID
    submission_id: UUID
    amendment: Amendment
    amended_at: datetime
    by: str | None
    """The account that made it; None: it came from the reporter's channel."""
    content: Amended


@dataclass
class Version:
    """One transcript of a recording."""

    transcript_id: UUID
    at: datetime
    by: str | None
    transcript: Transcript
    confirmed_at: datetime | None = None
    """When the reporter said that it is right."""


@dataclass
class Recorded:
    """A recording with all that is known of it."""

    recording: Recording
    submission_id: UUID
    at: datetime
    missing: bool = False
    """Its audio can't be had, as far as is known."""
    superseded_by: UUID | None = None
    versions: list[Version] = field(default_factory=list)
    """Oldest first."""

    @property
    def current(self) -> Version | None:
        """The transcript that holds: a person's before a machine's, of those the newest."""
        by_people = [version for version in self.versions if not version.transcript.machine]
        return next(reversed(by_people or self.versions), None)


def recordings(amendments: Iterable[Added]) -> list[Recorded]:
    """Oldest first. A transcript may come before word of its recording."""
    found: dict[UUID, Recorded] = {}
    for added in amendments:
        _take(found, added)
    for recorded in found.values():
        old = found.get(recorded.recording.supersedes) if recorded.recording.supersedes else None
        if old is not None:
            old.superseded_by = recorded.recording.recording_id
    return sorted(found.values(), key=lambda recorded: recorded.at)


def words(found: Iterable[Recorded]) -> str:
    """What the transcripts say, without what was said anew and is text as well."""
    there = {recorded.recording.recording_id: recorded for recorded in found}
    texts = [
        recorded.current.transcript.text
        for recorded in there.values()
        if recorded.current is not None and not _is_said_anew(recorded, there)
    ]
    return "\n".join(texts).strip()


def _take(found: dict[UUID, Recorded], added: Added) -> None:
    content = added.content
    if content.recording is not None:
        recorded = _of(found, added, content.recording)
        # Word of one without audio may come later than word of it with audio.
        if content.recording.blob is not None or recorded.recording.blob is None:
            recorded.recording = content.recording
        recorded.missing = recorded.recording.blob is None and (
            recorded.missing or added.amendment is Amendment.recording_missing
        )
    if content.transcript is not None:
        transcript = content.transcript
        recorded = _of(found, added, _unknown(transcript.recording_id))
        version = Version(added.event_id, added.amended_at, added.by, transcript)
        recorded.versions.append(version)
    if content.confirmed is not None:
        recorded = _of(found, added, _unknown(content.confirmed))
        if recorded.current is not None:
            recorded.current.confirmed_at = added.amended_at


def _of(found: dict[UUID, Recorded], added: Added, recording: Recording) -> Recorded:
    one = Recorded(recording, added.submission_id, added.amended_at)
    return found.setdefault(recording.recording_id, one)


def _unknown(recording_id: UUID) -> Recording:
    return Recording(recording_id=recording_id, content_type="", seconds=0, blob=None)


def _is_said_anew(recorded: Recorded, there: dict[UUID, Recorded]) -> bool:
    seen: set[UUID] = set()
    newer = recorded.superseded_by
    while newer is not None and newer in there and newer not in seen:
        if there[newer].current is not None:
            return True
        seen.add(newer)
        newer = there[newer].superseded_by
    return False
