"""What happens by the clock: alerts within seconds, reminders and clocks that are missing once a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import sla
from case_router.alerts import Alerts
from case_router.reminders import Reminders
from case_router.sla import Sla
from case_router.store.clocks import AT_A_TIME, Clocks
from speakup.logs import get_logger
from speakup.rest import rest

LOOK_SECONDS = 10.0
REMIND_EVERY = timedelta(minutes=1)

log = get_logger("case-router")


@dataclass
class Clockwork:
    """One of these in each instance: they take different rows, so nothing is done twice."""

    engine: AsyncEngine
    clocks: Clocks
    reminders: Reminders
    alerts: Alerts
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    reminded_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until told to stop."""
        # The calendar takes a while to load, which nobody is to wait for.
        await asyncio.to_thread(sla.is_working_day, self.clock().date(), Sla())
        while not stop.is_set():
            await self.look()
            await rest(stop, LOOK_SECONDS)

    async def look(self) -> None:
        """One look. A database that is away is asked again at the next one."""
        now = self.clock()
        try:
            await self.alerts.alert(now)
            if self.reminded_at is None or now - self.reminded_at >= REMIND_EVERY:
                await self._sweep()
                await self.reminders.remind(now)
                self.reminded_at = now
        except (SQLAlchemyError, OSError) as error:
            log.warning("clockwork_waits", exc_info=error)

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

    async def _sweep(self) -> None:
        swept = AT_A_TIME
        while swept == AT_A_TIME:
            async with self.engine.begin() as connection:
                swept = await self.clocks.sweep(connection)
