"""Reminders of what is owed to reporters: to the handler, later to officers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router import back_off
from case_router.staff_mail import NotSentError, Recipient, StaffMail
from case_router.store import history, recipients, reminders
from case_router.store.clocks import Clocks
from case_router.store.reminders import Reminder
from speakup.logs import get_logger

log = get_logger("case-router")


@dataclass
class Reminders:
    """Sends each once; twice at most, where it is killed between sending and keeping."""

    engine: AsyncEngine
    clocks: Clocks
    mail: StaffMail
    failing: str | None = None
    """Why the last one wasn't sent, as a word."""

    async def remind(self, now: datetime) -> None:
        """Send what is due, until one can't be sent."""
        if not self.mail.is_set_up:
            return
        async with self.engine.begin() as connection:
            await reminders.plan(connection, await self.clocks.sla(connection), now)
        while await self._remind_once(now):
            pass

    async def _remind_once(self, now: datetime) -> bool:
        """Whether there may be more."""
        async with self.engine.begin() as connection:
            reminder = await reminders.take(connection, now)
            if reminder is None:
                return False
            try:
                await self._send(connection, reminder)
            except NotSentError as error:
                self.failing = str(error)
                number, failures = reminder.case_number, reminder.failures + 1
                log.warning("reminder_not_sent", case_number=number, reason=str(error))
                later = now + back_off.wait(failures)
                await reminders.keep(connection, reminder, sent_at=None, next_at=later)
                return not error.away
            self.failing = None
            await reminders.keep(connection, reminder, sent_at=now, next_at=now)
            subject = f"{reminder.clock}/{reminder.step}"
            await history.note(connection, "reminder.sent", [reminder.case_number], subject=subject)
        return True

    async def _send(self, connection: AsyncConnection, reminder: Reminder) -> None:
        number = reminder.case_number
        told: list[Recipient] = []
        if reminder.step == "handler":
            told = await recipients.handler_of(connection, number)
        told = told or await recipients.responsible(connection, number)
        await self.mail.send(f"staff.{reminder.clock}", number, told)
