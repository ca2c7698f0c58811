"""Mail servers that send reports and, as mail servers do, send again what got no 250."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import aiosmtplib
import httpx

from tests.system import System
from tests.waiting import eventually

SENDERS = 8
LONGEST = 2700.0
"""Seconds: fifty kills, with the supervisor's waits after each, take a quarter of an hour."""


class Load:
    """So many mails, each with a mark of its own."""

    def __init__(self, system: System, count: int) -> None:
        self._system = system
        self._run = secrets.token_hex(4)
        self.marks = [f"mark-{self._run}-{number}-end" for number in range(count)]
        self._left = list(enumerate(self.marks))
        self.accepted: Counter[str] = Counter()
        self._before: set[str] = set()

    @property
    def share(self) -> float:
        """How much has been accepted, 0 to 1."""
        return len(self.accepted) / len(self.marks)

    async def send_all(self) -> None:
        """Send until each was accepted."""
        self._before = {case["case_number"] for case in await self._system.cases()}
        async with asyncio.timeout(LONGEST), asyncio.TaskGroup() as group:
            for _ in range(SENDERS):
                group.create_task(self._send_some())

    async def _send_some(self) -> None:
        while self._left:
            number, mark = self._left.pop()
            await eventually(partial(self._send, number, mark), seconds=LONGEST, every=0.05)
            self.accepted[mark] += 1

    async def _send(self, number: int, mark: str) -> bool:
        message = (
            f"From: r{number}@example.kz\r\nSubject: report {number}\r\n"
            f"Message-ID: <{mark}@example.kz>\r\n\r\nThey took money again. {mark}\r\n"
        ).encode()
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=self._system.smtp_port, start_tls=False, timeout=40
        )
        try:
            await client.connect()
            await client.sendmail(f"r{number}@example.kz", ["speakup@localhost"], message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            return False
        finally:
            client.close()
        return True

    async def each_is_one_case(self) -> None:
        """Wait until every accepted mail is a case; then none may be two."""
        wanted = set(self.accepted)
        seen = dict.fromkeys(self._before, "")

        async def all_there() -> bool:
            with suppress(httpx.TransportError, httpx.HTTPStatusError):
                await look()
            return wanted <= set(seen.values())

        async def look() -> None:
            for item in await self._system.cases():
                number = item["case_number"]
                if number not in seen:
                    answer = await self._system.get(f"/api/v1/cases/{number}")
                    if answer.status_code == 200:
                        seen[number] = _mark(answer.json()["submissions"], self._run)

        await eventually(all_there, seconds=LONGEST / 3, every=0.5)
        twice = [mark for mark, n in Counter(m for m in seen.values() if m).items() if n > 1]
        assert twice == []


def _mark(submissions: Sequence[dict[str, Any]], run: str) -> str:
    for submission in submissions:
        text: str = submission["narrative"]["text"]
        start = text.find(f"mark-{run}-")
        if start >= 0:
            return text[start : text.index("-end", start) + 4]
    return ""
