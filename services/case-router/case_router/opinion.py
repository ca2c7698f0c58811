"""What the classifying child is asked and what it answers, as JSON."""

from __future__ import annotations

from speakup.events import Automatic, Channel, Frozen, Kind, Language

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


def of_machines_mail(automatic: Automatic) -> Opinion:
    """Of what no person wrote: the reason stands where else the model's version does.

    A list's mail may be a person's that came by way of a list, so somebody is asked to look.
    """
    return Opinion(
        kind=Kind.out_of_scope,
        probability=1,
        needs_triage=automatic is Automatic.mailing_list,
        version=f"automatic/{automatic}",
    )


UNREADABLE = Opinion(kind=Kind.breach_report, probability=0, needs_triage=True, version="none")
"""For a text that the child can't get through: a person looks, and it counts as what matters most."""
