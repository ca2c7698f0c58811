"""A clerk of the mailroom, by the API: scans a pile, waits until it is read, sends what is finished."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image

from intake_mail.papers import separator_sheets
from speakup.events import Language
from tests import printed
from tests.system import System
from tests.waiting import eventually

AWAY = (httpx.TransportError, httpx.HTTPStatusError)
"""While the services are down."""


def pile(letters: Sequence[Sequence[Image.Image]], *, dpi: int = 150) -> bytes:
    """One PDF of all letters, a separator sheet before each."""
    sheets = printed.pictures(separator_sheets(len(letters), Language.en), dpi)
    pages = [
        page for sheet, letter in zip(sheets, letters, strict=True) for page in (sheet, *letter)
    ]
    made = io.BytesIO()
    first, *others = [page.convert("L") for page in pages]
    first.save(made, "PDF", save_all=True, append_images=others, resolution=dpi)
    return made.getvalue()


class Clerk:
    """Signed in as `mailroom`. What is asked while the services are away is asked again."""

    def __init__(self, system: System) -> None:
        self._system = system

    async def call(
        self, method: str, path: str, *, by: str = "mailroom", **more: Any
    ) -> httpx.Response:
        """One request. Raises httpx.TransportError, httpx.HTTPStatusError for 5xx."""
        token = await self._system.token(by)
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        async with httpx.AsyncClient(base_url=self._system.url, timeout=60) as client:
            answer = await client.request(method, path, headers=headers, **more)
        if answer.status_code >= 500:
            answer.raise_for_status()
        return answer

    async def surely(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The same request, until it is answered."""

        async def ask() -> httpx.Response | None:
            try:
                return await self.call(method, path, **more)
            except AWAY:
                return None

        found = await eventually(ask, seconds=120, every=0.3)
        if found is None:
            raise RuntimeError("answered")
        return found

    async def bring(self, *scans: bytes) -> list[str]:
        """Letters' ids, one of each file."""
        answer = await self.surely(
            "POST",
            "/api/v1/letters",
            files=[("files", ("scan.pdf", one)) for one in scans],
            data={
                "received_on": date.today().isoformat(),  # noqa: DTZ011 - the mailroom's
                "opened_by": "A. Serikova",
                "witnessed_by": "B. Ivanov",
            },
            headers={"Idempotency-Key": uuid4().hex},
        )
        assert answer.status_code == 201, answer.text
        return [one["letter_id"] for one in answer.json()["letters"]]

    async def register(self) -> list[dict[str, Any]]:
        """Oldest first."""
        answer = await self.surely("GET", "/api/v1/letters", params={"limit": 200})
        return list(reversed(answer.json()["items"]))

    async def letter(self, letter_id: str) -> dict[str, Any]:
        """With its draft."""
        found: dict[str, Any] = (await self.surely("GET", f"/api/v1/letters/{letter_id}")).json()
        return found

    async def read(self, number: int, *, seconds: float = 120) -> list[dict[str, Any]]:
        """So many letters, once the machine has read all of them."""

        async def done() -> list[dict[str, Any]]:
            lines = await self.register()
            waiting = [one for one in lines if one["progress"] and one["progress"]["waiting"]]
            return lines if len(lines) == number and not waiting else []

        return await eventually(done, seconds=seconds, every=0.3)

    async def send(self, letter_id: str) -> None:
        """Finish it."""
        answer = await self.surely("POST", f"/api/v1/letters/{letter_id}/send")
        assert answer.status_code == 200, answer.text
