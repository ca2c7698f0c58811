"""What happens by the clock: alerts within seconds, reminders and clocks that are missing once a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import sla
from case_router.alerts import Alerts
from case_router.reminders import Reminders
from case_router.sla import Sla
from case_router.store.clocks import AT_A_TIME, Clocks
from speakup.logs import get_logger
from speakup.rest import rest

ALERT_SECONDS = 10.0
REMIND_SECONDS = 60.0

log = get_logger("case-router")


@dataclass
class Clockwork:
    """One of these in each instance: they take different rows, so nothing is done twice."""

    engine: AsyncEngine
    clocks: Clocks
    reminders: Reminders
    alerts: Alerts
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until told to stop."""
        # The calendar takes a while to load, which nobody is to wait for.
        await asyncio.to_thread(sla.is_working_day, self.clock().date(), Sla())
        # Apart: an alert doesn't wait for a hundred reminders.
        async with asyncio.TaskGroup() as both:
            both.create_task(_every(stop, ALERT_SECONDS, self.alert))
            both.create_task(_every(stop, REMIND_SECONDS, self.remind))

    async def alert(self) -> None:
        """Tell of urgent cases."""
        await self.alerts.alert(self.clock())

    async def remind(self) -> None:
        """Give clocks to cases that lack them, and remind of what is due."""
        swept = AT_A_TIME
        while swept == AT_A_TIME:
            async with self.engine.begin() as connection:
                swept = await self.clocks.sweep(connection)
        await self.reminders.remind(self.clock())

    async def notice(self) -> str | None:
        """What keeps staff from being told, for an admin."""
        if self.alerts.failing is not None:
            return self.alerts.failing
        if not self.reminders.mail.is_set_up:
            return (
                "staff get no reminders and alerts by mail: set SPEAKUP_STAFF_SMTP_HOST to the company's "
                "mail server"
            )
        if self.reminders.failing is not None:
            return f"reminders to staff can't be sent at the moment: {self.reminders.failing}"
        return None


async def _every(stop: asyncio.Event, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    """Until told to stop. A database that is away is asked again next time."""
    while not stop.is_set():
        try:
            await act()
        except (SQLAlchemyError, OSError) as error:
            log.warning("clockwork_waits", exc_info=error)
        await rest(stop, seconds)
