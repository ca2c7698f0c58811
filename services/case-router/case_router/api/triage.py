"""Triage over HTTP: a person says what a case is, and what was said before stays to be read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from case_router import triage
from case_router.api.answers import Answer, CaseChanged, problems
from case_router.api.assignment import assign_by_rules
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.noted import noted
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.corruption import STEPS
from case_router.store import changes, tasks, triages
from case_router.store.rows import AnyRow
from case_router.triage import Category, Priority, RetaliationRisk, Subject, Triage
from speakup.events import CaseTriaged, Kind, Status
from speakup.problems import Problem
from speakup.staff import Role, Staff

TRIAGERS = frozenset({Role.officer, Role.chair})

MOST_TENGE = 10**15

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class TriageBody(BaseModel):
    """What the case is, in a person's judgement."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "breach_report",
                    "reason": "It asks, and tells of an unsafe hoist.",
                    "category": "health_safety_environment",
                    "subject": "labour_relations_and_safety",
                    "unit": "mine-3",
                    "breached_on": "2026-02-20",
                    "discovered_on": "2026-03-01",
                    "retaliation_risk": "possible",
                    "priority": "high",
                }
            ]
        },
    )

    kind: Kind
    reason: Why = Field(default="", description="Needed where the model took it for another kind.")
    category: Category | None = None
    subject: Subject | None = Field(
        default=None, description="The heading of the yearly public page that it counts under."
    )
    unit: Word | None = Field(default=None, description="A code of the units that were imported.")
    site: Word | None = None
    breached_on: date | None = Field(default=None, description="When the breach happened or began.")
    discovered_on: date | None = Field(
        default=None, description="When anybody of the company first learnt of it."
    )
    loss_tenge: int | None = Field(default=None, ge=0, le=MOST_TENGE, description="Estimated.")
    retaliation_risk: RetaliationRisk = Field(description="Against the reporter.")
    corruption: bool = Field(
        default=False,
        description="Opens the steps of the Kazakh law on protecting and rewarding those who report corruption.",
    )
    priority: Priority = Priority.normal

    @property
    def triage(self) -> Triage:
        """Without the reason."""
        return Triage.model_validate(self.model_dump(exclude={"reason"}))


class TriageRead(Answer):
    """One triage of a case, or its reopening."""

    triage_id: UUID
    made_at: datetime
    by: str
    triage: Triage | None = Field(description="Null of a reopening.")
    reason: str | None = Field(description="Null where there is none, or it was erased.")


class TriagesRead(Answer):
    """Oldest first; the last one holds."""

    items: list[TriageRead]


def router(parts: Parts) -> APIRouter:
    """`POST /cases/{number}/triage` and `GET /cases/{number}/triages`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    triager, reader = Depends(parts.caller(TRIAGERS)), Depends(parts.reader())

    @routes.post(
        "/cases/{number}/triage",
        summary="Say what a case is",
        response_model=CaseChanged,
        responses=problems(401, 404, 409, 412, 422, 428),
    )
    async def triage_case(
        request: Request,
        number: Number,
        body: TriageBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = triager,
    ) -> Response:
        """Stands above the model's word, which is kept beside it. Until then the case shows to the officer on
        duty alone. It can be said anew, while the case isn't closed.
        """
        return await make(parts, request, staff, number, body, partial(_triage, body))

    @routes.get(
        "/cases/{number}/triages",
        summary="Read what was said that a case is",
        responses=problems(401, 403, 404),
    )
    async def list_triages(number: Number, staff: Staff = reader) -> TriagesRead:
        """Each with its reason. The reading is noted in the audit log."""
        rows = await noted(parts, staff, number, "case.triages_read", triages.of_case)
        key = await parts.vault.key_of(number)
        return TriagesRead(items=[_read(row, key) for row in rows])

    return routes


async def _triage(body: TriageBody, change: Change) -> dict[str, str]:
    case, said = change.case, body.triage
    if Status(case.status) is Status.closed:
        raise Problem(409, "The case is closed. Reopen it before you say anew what it is.")
    guess = case.guessed_kind or (case.kind if case.kind_by != "person" else None)
    zone = change.parts.timezone
    refused = triage.refusal(
        said,
        guess=Kind(guess) if guess else None,
        reason=body.reason,
        reported_on=case.received_at.astimezone(zone).date(),
        today=datetime.now(zone).date(),
    )
    if refused is not None:
        raise Problem(422, refused)
    if said.unit is not None and not await triages.is_unit(change.connection, said.unit):
        raise Problem(422, "There is no unit by that code; GET /api/v1/units lists them.")
    triage_id = uuid4()
    await triages.add(
        change.connection,
        triage_id=triage_id,
        case_number=change.number,
        account_id=change.account_id,
        facts=said.model_dump(mode="json"),
        reason_locked=await _locked(change, triage_id, body.reason),
    )
    await changes.set_facts(change.connection, change.number, **_facts(case, said))
    if said.corruption and not case.corruption:
        await _open_steps(change)
    await change.tell(partial(CaseTriaged, **_told(said)))
    await change.note("case.triaged", triage_id)
    await assign_by_rules(change)
    return {}


def _facts(case: AnyRow, said: Triage) -> dict[str, object]:
    """Columns of the case. The model's word is moved aside, once."""
    guessed = {}
    if case.kind_by != "person":
        guessed = {"guessed_kind": case.kind, "guessed_category": case.category}
    return {
        **said.model_dump(),
        **guessed,
        "kind_by": "person",
        "needs_triage": False,
        "to_classify": False,
        "triaged_at": case.triaged_at or datetime.now(UTC),
    }


def _told(said: Triage) -> dict[str, object]:
    """For the statistics: no site, which is typed by hand."""
    return said.model_dump(exclude={"site", "priority"})


async def _locked(change: Change, triage_id: UUID, reason: str) -> bytes | None:
    if not reason:
        return None
    key = await change.key()
    return triages.lock_reason(key, change.number, triage_id, reason)


async def _open_steps(change: Change) -> None:
    key, today = await change.key(), datetime.now(change.parts.timezone).date()
    for step in STEPS:
        await tasks.add_step(
            change.connection, key, change.number, f"corruption.{step.name}", today, step.days
        )


def _read(row: AnyRow, key: bytes | None) -> TriageRead:
    reason = None
    if key is not None and row.reason_locked is not None:
        reason = triages.open_reason(key, row.case_number, row.triage_id, row.reason_locked)
    return TriageRead(
        triage_id=row.triage_id,
        made_at=row.made_at,
        by=row.by,
        triage=Triage.model_validate(row.facts) if row.facts is not None else None,
        reason=reason,
    )
