"""Triage: what a person says that a case is. Words from lists, dates and numbers; decided without I/O."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from speakup.events import Frozen, Kind


class Category(StrEnum):
    """What a case is about, more closely than its kind (the classifier's words, too)."""

    bribery_corruption = "bribery_corruption"
    fraud_theft = "fraud_theft"
    procurement_collusion = "procurement_collusion"
    conflict_of_interest = "conflict_of_interest"
    gifts_hospitality = "gifts_hospitality"
    harassment_discrimination = "harassment_discrimination"
    health_safety_environment = "health_safety_environment"
    labour_relations = "labour_relations"
    data_privacy = "data_privacy"
    retaliation = "retaliation"
    counterparty_compliance = "counterparty_compliance"
    other = "other"
    none = "none"
    """Of what is out of scope alone."""


class Subject(StrEnum):
    """Under which heading of the yearly public page an appeal is counted."""

    labour_relations_and_safety = "labour_relations_and_safety"
    unit_heads = "unit_heads"
    procurement = "procurement"
    conflict_of_interest = "conflict_of_interest"
    other = "other"


class RetaliationRisk(StrEnum):
    """Against the reporter."""

    none = "none"
    possible = "possible"
    high = "high"


class Priority(StrEnum):
    """How soon it is to be worked."""

    low = "low"
    normal = "normal"
    high = "high"
    urgent = "urgent"


class Triage(Frozen):
    """What was said of a case."""

    kind: Kind
    category: Category | None = None
    subject: Subject | None = None
    unit: str | None = None
    """Its code, as the units were imported."""
    site: str | None = None
    breached_on: date | None = None
    """When the breach happened, or began."""
    discovered_on: date | None = None
    """When anybody of the company first learnt of it."""
    loss_tenge: int | None = Field(default=None, ge=0)
    retaliation_risk: RetaliationRisk
    corruption: bool = False
    priority: Priority = Priority.normal


def refusal(
    triage: Triage, *, guess: Kind | None, reason: str, reported_on: date, today: date
) -> str | None:
    """Why it can't be so, in words; None where it can. `guess`: the model's kind."""
    if guess is not None and triage.kind is not guess and not reason:
        return f"The model took it for {guess}. Say in `reason` why it is {triage.kind}."
    if (triage.category is Category.none) != (triage.kind is Kind.out_of_scope) and triage.category:
        return "The category `none` is for what is out of scope, and for nothing else."
    return _dates_refusal(triage, reported_on, today)


def _dates_refusal(triage: Triage, reported_on: date, today: date) -> str | None:
    breached, discovered = triage.breached_on, triage.discovered_on
    if max(breached or today, discovered or today) > today:
        return "A day in the future can't be known yet."
    if discovered is not None and discovered > reported_on:
        return f"It was discovered by the day of the report ({reported_on}) at the latest."
    if breached is not None and breached > (discovered or reported_on):
        return "A breach happens before it is discovered and reported."
    return None
