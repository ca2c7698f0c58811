"""What the classifying child is asked and what it answers, as JSON."""

from __future__ import annotations

from speakup.events import Channel, Frozen, Kind, Language

FUNCTION = "case_router.classifying:classify"
"""For `speakup.sandbox`."""


class Job(Frozen):
    """A text to classify."""

    text: str
    channel: Channel
    hint: Kind | None


class Opinion(Frozen):
    """The machine's opinion; `probability` is that of `kind`, calibrated."""

    kind: Kind
    probability: float
    needs_triage: bool
    category: str | None = None
    language: Language | None = None
    version: str


UNREADABLE = Opinion(kind=Kind.breach_report, probability=0, needs_triage=True, version="none")
"""For a text that the child can't get through: a person looks, and it counts as what matters most."""
