"""What is to be done in a case, by whom and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from case_router.api.answers import Answer, CaseChanged, problems
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.noted import noted
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import history, tasks
from case_router.store.assigning import may_see
from case_router.store.rows import AnyRow
from speakup.events import Language
from speakup.i18n import language_of, texts
from speakup.problems import Problem, not_found
from speakup.staff import Staff


class TaskBody(BaseModel):
    """Something to do."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"title": "Ask for the invoices", "due_on": "2026-04-02", "assignee": "handler"}
            ]
        },
    )

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    due_on: date
    assignee: str | None = Field(
        default=None, max_length=64, description="An account that may see the case."
    )


class TaskChange(BaseModel):
    """How far it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"done": True}]})

    done: bool


class TaskRead(Answer):
    """A task."""

    task_id: UUID
    case_number: str
    title: str | None = Field(description="Null where it was erased.")
    due_on: date
    assignee: str | None
    made_at: datetime
    done_at: datetime | None


class TasksRead(Answer):
    """What is open comes first, by the day that it is due."""

    items: list[TaskRead]


class TaskTaken(CaseChanged):
    """The case, and the task's id."""

    task_id: UUID


def router(parts: Parts) -> APIRouter:
    """Tasks of a case, and one's own."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())

    @routes.post(
        "/cases/{number}/tasks",
        summary="Open a task",
        status_code=201,
        response_model=TaskTaken,
        responses=problems(401, 403, 404, 409, 412, 422, 428),
    )
    async def open_task(
        request: Request,
        number: Number,
        body: TaskBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = reader,
    ) -> Response:
        """For oneself, for another who may see the case, or for nobody yet."""
        return await make(parts, request, staff, number, body, partial(_open, body))

    @routes.patch(
        "/cases/{number}/tasks/{task_id}",
        summary="Say how far a task is",
        response_model=CaseChanged,
        responses=problems(401, 403, 404, 412, 422, 428),
    )
    async def change_task(
        request: Request,
        number: Number,
        task_id: UUID,
        body: TaskChange,
        if_match: IfMatch = None,
        staff: Staff = reader,
    ) -> Response:
        """Done, or not any more."""
        return await make(parts, request, staff, number, body, partial(_change, task_id, body))

    @routes.get(
        "/cases/{number}/tasks", summary="Read a case's tasks", responses=problems(401, 403, 404)
    )
    async def read_tasks(request: Request, number: Number, staff: Staff = reader) -> TasksRead:
        """All of them. The reading is noted in the audit log."""
        rows = await noted(parts, staff, number, "case.tasks_read", tasks.of_case)
        return await _shown(parts, rows, language_of(request))

    @routes.get(
        "/tasks/mine", summary="Read one's own open tasks", responses=problems(401, 403, 404, 422)
    )
    async def read_own(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
        staff: Staff = reader,
    ) -> TasksRead:
        """In cases that one may see; the reading of each case's is noted in the audit log."""
        async with parts.engine.begin() as connection:
            rows = await tasks.mine(connection, staff, limit)
            numbers = sorted({row.case_number for row in rows})
            await history.note(
                connection, "case.tasks_read", numbers, account_id=UUID(staff.account_id)
            )
        return await _shown(parts, rows, language_of(request))

    return routes


async def _open(body: TaskBody, change: Change) -> dict[str, str]:
    assignee = None
    if body.assignee is not None:
        assignee = await may_see(change.connection, body.assignee, change.number)
        if assignee is None:
            raise Problem(422, "There is nobody by that name who may see this case.")
    title = tasks.Title(text=body.title)
    task_id = await tasks.add(
        change.connection,
        await change.key(),
        change.number,
        title,
        body.due_on,
        assignee=assignee,
        made_by=change.account_id,
    )
    await change.note("task.opened", task_id)
    return {"task_id": str(task_id)}


async def _change(task_id: UUID, body: TaskChange, change: Change) -> dict[str, str]:
    by = change.account_id if body.done else None
    if not await tasks.finish(change.connection, change.number, task_id, by):
        raise not_found()
    await change.note("task.done" if body.done else "task.reopened", task_id)
    return {}


async def _shown(parts: Parts, rows: Sequence[AnyRow], language: Language) -> TasksRead:
    keys = await parts.vault.keys_of({row.case_number for row in rows}) if rows else {}
    return TasksRead(items=[_read(row, keys.get(row.case_number), language) for row in rows])


def _read(row: AnyRow, key: bytes | None, language: Language) -> TaskRead:
    title = None
    if key is not None:
        said = tasks.open_title(key, row.case_number, row.task_id, row.title_locked)
        title = texts()(language, said.step) if said.step is not None else said.text
    return TaskRead(
        task_id=row.task_id,
        case_number=row.case_number,
        title=title,
        due_on=row.due_on,
        assignee=row.assignee,
        made_at=row.made_at,
        done_at=row.done_at,
    )
