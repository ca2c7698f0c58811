"""Calls and abandoned calls, by month and language: each counted once."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from reporting.consume import Recorder
from reporting.settings import Settings
from reporting.summary import CallCount, CallFigures, Period, summarise
from speakup import events
from speakup.events import Event, Language
from speakup.staff import COOKIE
from tests.reporting.histories import event
from tests.reporting.test_recorder import Ear, ear, recorder
from tests.reporting.test_reports import client, letters, token

__all__ = ["client", "ear", "letters", "recorder"]
SILENT = CallCount(0, 0)


def call(
    at: str,
    language: Language | None = Language.kk,
    *,
    submitted: bool = True,
    id: UUID | None = None,
) -> Event:
    ended_at = datetime.fromisoformat(at).replace(tzinfo=UTC)
    payload = events.CallRecorded(
        event_id=uuid4(), ended_at=ended_at, seconds=40, language=language, submitted=submitted
    )
    return event(payload, id or uuid4())


async def calls(engine: AsyncEngine, first: str = "", last: str = "") -> CallFigures:
    return (await summarise(engine, Period.parse(first, last))).calls


async def test_calls_are_counted_by_month_and_language_once(
    reporting_engine: AsyncEngine, recorder: Recorder
) -> None:
    told = [
        call("2026-01-10T10:00"),
        call("2026-01-11T10:00", submitted=False),
        call("2026-02-01T10:00", Language.ru, submitted=False),
        call("2026-02-02T10:00", None, submitted=False),
    ]
    await recorder.handle([*told, told[0]])
    await recorder.handle(told[:3])
    assert await calls(reporting_engine) == CallFigures(
        4,
        3,
        {
            "kk": CallCount(2, 1),
            "ru": CallCount(1, 1),
            "en": SILENT,
            "unknown": CallCount(1, 1),
        },
        {"2026-01": CallCount(2, 1), "2026-02": CallCount(2, 2)},
    )


@pytest.mark.parametrize(("first", "last", "ended"), [("2026-02-01", "", 1), ("", "2026-01-31", 1)])
async def test_a_call_counts_for_the_day_that_it_ended_on_where_the_company_is(
    reporting_engine: AsyncEngine, recorder: Recorder, first: str, last: str, ended: int
) -> None:
    # 20:00 UTC on the 31st is the 1st in Almaty.
    await recorder.handle([call("2026-01-31T20:00"), call("2026-01-31T10:00")])
    assert (await calls(reporting_engine, first, last)).ended == ended


async def test_the_router_is_told_that_a_call_is_counted(recorder: Recorder, ear: Ear) -> None:
    told = call("2026-01-10T10:00")
    await recorder.handle([told])
    assert ear.ids() == [told.id]


async def test_the_page_shows_calls_where_there_were_any(
    client: AsyncClient, reporting_engine: AsyncEngine, recorder: Recorder
) -> None:
    client.cookies.set(COOKIE, token("auditor"))
    assert "Abandoned" not in (await client.get("/reports?lang=en")).text
    await recorder.handle([call("2026-01-10T10:00", submitted=False)])
    page = (await client.get("/reports?lang=en")).text
    assert [word for word in ("Abandoned", "January 2026") if word not in page] == []
    assert Settings().timezone.key in page
