"""Alerts of urgent cases: to whoever is on duty, by mail and webhook, again until acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router import back_off, webhook
from case_router.profiles import AlertsProfile
from case_router.settings import Settings
from case_router.staff_mail import NotSentError, Recipient, StaffMail
from case_router.store import alerts, history, recipients
from case_router.store.alerts import Alert
from case_router.store.profiles import Profiles
from speakup.logs import get_logger

OPEN = Gauge("speakup_alerts_open", "Alerts of urgent cases that nobody has acknowledged")
TRIED = Counter("speakup_alerts", "Alerts of urgent cases", ["way", "outcome"])

MAIL, WEBHOOK = "mail", "webhook"

log = get_logger("case-router")


@dataclass
class Alerts:
    """Sends each again and again; one that fails by one way goes on by the other."""

    engine: AsyncEngine
    profiles: Profiles
    mail: StaffMail
    settings: Settings
    failing: str | None = None
    """What an admin is to be told."""
    away: set[str] = field(default_factory=set)
    """What hasn't answered in this look: the alerts after that one don't wait for it again."""

    async def alert(self, now: datetime) -> None:
        """Raise what is new, and send all that is due."""
        async with self.engine.begin() as connection:
            await alerts.raise_new(connection, now)
        self.away.clear()
        while await self._alert_once(now):
            pass
        async with self.engine.connect() as connection:
            counts = await alerts.counts(connection)
        OPEN.set(counts.open)
        self.failing = _failing(counts.not_mailed, counts.not_posted)

    async def _alert_once(self, now: datetime) -> bool:
        async with self.engine.begin() as connection:
            alert = await alerts.take(connection, now)
            if alert is None:
                return False
            profile = await self.profiles.get(connection, AlertsProfile)
            sent = await self._send(connection, alert, profile, now)
            told = sent.times > alert.times
            await alerts.keep(connection, sent, sent_at=now if told else None)
            if told:
                subject = str(sent.times)
                await history.note(connection, "alert.sent", [alert.case_number], subject=subject)
        return True

    async def _send(
        self, connection: AsyncConnection, alert: Alert, profile: AlertsProfile, now: datetime
    ) -> Alert:
        """The alert with what has become of it by both ways."""
        again = now + timedelta(minutes=profile.repeat_minutes)
        escalated = now >= alert.raised_at + timedelta(minutes=profile.escalate_minutes)
        told = await self._recipients(connection, alert.case_number, now, escalated=escalated)
        url = await self._webhook(connection, alert)
        # At once: where one hangs, the other gets through.
        mailed, posted = await asyncio.gather(
            self._by_mail(alert, told, now), self._by_webhook(alert, url, now)
        )
        if alert.mail_at <= now:
            failures, at = _next(mailed, alert.mail_failures, now, again)
            alert = alert._replace(mail_failures=failures, mail_at=at)
        if alert.webhook_at <= now:
            failures, at = _next(posted, alert.webhook_failures, now, again)
            alert = alert._replace(webhook_failures=failures, webhook_at=at)
        return alert._replace(times=alert.times + (True in (mailed, posted)))

    async def _recipients(
        self, connection: AsyncConnection, number: str, now: datetime, *, escalated: bool
    ) -> list[Recipient]:
        told = await recipients.on_duty(connection, number, now)
        if escalated or not told:
            told += [
                each for each in await recipients.chairs(connection, number) if each not in told
            ]
        return told

    async def _by_mail(self, alert: Alert, told: Sequence[Recipient], now: datetime) -> bool | None:
        """Whether it was sent; None: it isn't to be, by this way and now."""
        if not self.mail.is_set_up or alert.mail_at > now:
            return None
        if MAIL in self.away:
            return _failed(MAIL, alert, "away")
        try:
            await self.mail.send("staff.alert", alert.case_number, told)
        except NotSentError as error:
            if error.away:
                self.away.add(MAIL)
            return _failed(MAIL, alert, str(error))
        TRIED.labels(MAIL, "sent").inc()
        return True

    async def _by_webhook(self, alert: Alert, url: str | None, now: datetime) -> bool | None:
        """Whether it was posted; None: it isn't to be, by this way and now."""
        secret = self.settings.alert_webhook_secret
        if url is None or secret is None or alert.webhook_at > now:
            return None
        number = alert.case_number
        link = f"{self.settings.public_url}/cases/{number}"
        if url in self.away:
            return _failed(WEBHOOK, alert, "away")
        try:
            await webhook.post(url, secret.get_secret_value(), number, link, now)
        except webhook.NotPostedError as error:
            if error.away:
                self.away.add(url)
            return _failed(WEBHOOK, alert, str(error))
        TRIED.labels(WEBHOOK, "sent").inc()
        return True

    async def _webhook(self, connection: AsyncConnection, alert: Alert) -> str | None:
        """Where it is posted to; None: nowhere."""
        if alert.restricted:
            url = self.settings.alert_webhook_chair
        elif await recipients.anybody_kept_out(connection, alert.case_number):
            # We don't know who reads it there.
            url = None
        else:
            url = self.settings.alert_webhook
        return str(url) if url else None


def _failed(way: str, alert: Alert, reason: str) -> bool:
    TRIED.labels(way, "failed").inc()
    log.warning("alert_not_sent", kind=way, case_number=alert.case_number, reason=reason)
    return False


def _next(
    outcome: bool | None, failures: int, now: datetime, again: datetime
) -> tuple[int, datetime]:
    """Failures in a row, and when it is next."""
    if outcome is not False:
        return 0, again
    return failures + 1, min(again, now + back_off.wait(failures + 1))


def _failing(not_mailed: int, not_posted: int) -> str | None:
    ways = [
        f"{count} alerts of urgent cases can't be {done} at the moment"
        for count, done in ((not_mailed, "mailed"), (not_posted, "posted to the webhook"))
        if count
    ]
    return "; ".join(ways) or None
