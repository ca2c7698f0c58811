"""The mailroom's routes on real tables and files; scans are told in words, and pages read as they were told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_mail import api, tables
from intake_mail.api import DeskParts
from intake_mail.archive import Archiver
from intake_mail.desk import Desk
from intake_mail.draft_rows import DraftRows
from intake_mail.drafts import SECRET, Work
from intake_mail.folder import Folder
from intake_mail.opening import LostPage, OpenedPage, Opener, Probe, ScanError
from intake_mail.page_reader import Page
from intake_mail.page_text import Box, PageState, PageText, Word
from intake_mail.parts import Keys, Parts
from intake_mail.program import ProgramError
from intake_mail.reading import Reading
from intake_mail.reading_pool import ReadingPool
from intake_mail.sending import Sending
from intake_mail.settings import Settings
from intake_mail.splitting import SEPARATOR
from intake_mail.sweeping import Sweeping
from intake_mail.taking import Taking
from intake_mail.unfolding import Unfolding
from intake_mail.work import Worker
from speakup import seal, topics, web
from speakup.blobs import BlobStore
from speakup.events import Channel, Event, SubmissionFollowUp, SubmissionReceived
from speakup.keys import INTAKE, UNSEALING, CurrentKey, KeyFolder, PrivateKeys, contact_purpose
from speakup.relay import Relay
from speakup.service import Service
from speakup.staff import ISSUER, Verifier
from speakup.submission import Content
from tests.building import make_keys
from tests.databases import database
from tests.published import Published

TODAY = datetime.now(UTC).date() - timedelta(days=1)
ENTRY = {
    "received_on": TODAY.isoformat(),
    "opened_by": "A. Serikova",
    "witnessed_by": "B. Ivanov",
}
SHEET = {"codes": [f"{SEPARATOR}abc"]}
CLERK = UUID(int=7)


def scan(*pages: str | dict[str, Any]) -> bytes:
    """A file with these pages: a text, or what the opener finds."""
    told = [{"text": page} if isinstance(page, str) else page for page in pages]
    return json.dumps([{**page, "salt": n} for n, page in enumerate(told)]).encode()


class ToldOpener:
    """In the place of an opener."""

    async def probe(self, content: bytes) -> Probe:
        if content.startswith(b"bad:"):
            raise ScanError(content.removeprefix(b"bad:").decode())
        if not content.startswith(b"[{"):
            raise ScanError("not_a_scan")
        return Probe("application/pdf", len(json.loads(content)))

    async def pages(self, content: bytes, probe: Probe) -> AsyncIterator[OpenedPage | LostPage]:
        for page in json.loads(content):
            if "lost" in page:
                yield LostPage(page["lost"])
            else:
                png = page.get("text", "").encode()
                yield OpenedPage(png, 1000, 1400, tuple(page.get("codes", ())))


@dataclass
class ToldReader:
    """In the place of a reader; `?` at a word's end makes it unsure."""

    asked: list[Page] = field(default_factory=list)
    fails: bool = False

    async def read(self, page: Page) -> PageText:
        self.asked.append(page)
        if self.fails:
            raise TimeoutError
        words = tuple(
            Word(
                text=word.removesuffix("?"),
                confidence=40 if word.endswith("?") else 96,
                box=Box(left=10, top=20, width=30, height=40),
                line=0,
                paragraph=0,
            )
            for word in page.png.decode().split()
        )
        return PageText(
            words=words,
            text=" ".join(word.text for word in words),
            rotation=page.rotation or 0,
            skew=0,
            confidence=90,
            covered=1,
            state=PageState.read if all(w.is_sure for w in words) else PageState.check,
        )


class ToldArchiver:
    """In the place of an archiver."""

    async def archive(self, pages: Sequence[Page]) -> bytes:
        if any(page.png == b"unarchivable" for page in pages):
            raise ProgramError("failed")
        return b"%PDF " + b" ".join(page.png for page in pages)


@dataclass
class Mailroom:
    """The service without its tasks, which a test does one by one."""

    engine: AsyncEngine
    keys: KeyFolder
    settings: Settings
    parts: Parts
    taking: Taking
    reader: ToldReader
    worker: Worker
    folder: Folder
    client: httpx.AsyncClient
    published: Published
    signing: bytes = field(repr=False)

    def token(self, role: str = "mailroom", *, narratives: bool = True) -> dict[str, str]:
        claims = {
            "sub": str(CLERK),
            "name": role,
            "role": role,
            "iss": ISSUER,
            "exp": datetime.now(UTC) + timedelta(minutes=10),
            "narratives": narratives,
        }
        key = cast("Any", load_pem_private_key(self.signing, None))
        return {"authorization": f"Bearer {jwt.encode(claims, key, algorithm='EdDSA')}"}

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.post(
            f"/api/v1/letters{path}", json=body, headers=self.token() | headers
        )

    async def patch(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return await self.client.patch(
            f"/api/v1/letters{path}", json=body, headers=self.token() | headers
        )

    async def get(self, path: str, role: str = "mailroom") -> httpx.Response:
        return await self.client.get(f"/api/v1/letters{path}", headers=self.token(role))

    async def bring(
        self, *scans: bytes, key: str | None = None, path: str = "", **fields: str
    ) -> httpx.Response:
        """Files as a form; the entry is whole where nothing else is said."""
        return await self.client.post(
            f"/api/v1/letters{path}",
            files=[("files", (f"scan{n}.pdf", one)) for n, one in enumerate(scans)],
            data=({} if path else ENTRY) | fields,
            headers=self.token() | {"idempotency-key": key or uuid4().hex},
        )

    async def letter(self, *pages: str | dict[str, Any], **fields: str) -> str:
        """The id of a letter with these pages, opened and read."""
        answer = await self.bring(scan(*pages), **fields)
        assert answer.status_code == 201, answer.text
        await self.work()
        return str(answer.json()["letters"][0]["letter_id"])

    async def draft(self, letter_id: str) -> dict[str, Any]:
        return cast("dict[str, Any]", (await self.get(f"/{letter_id}")).json()["draft"])

    async def work(self) -> None:
        """All that the machine can do."""
        while await self.worker.step():
            failed = await self.rows("SELECT letter_id FROM letters WHERE tries > 0")
            assert failed == []

    async def register(self) -> list[dict[str, Any]]:
        """Oldest first."""
        items = (await self.get("?limit=200")).json()["items"]
        return list(reversed(items))

    def sent(self) -> list[Event]:
        return [
            topics.decode(one.value, one.headers, one.topic)
            for one in self.published.records
            if one.topic == topics.SUBMISSIONS
        ]

    def content(self, event: Event) -> Content:
        payload = event.payload
        assert isinstance(payload, SubmissionReceived | SubmissionFollowUp)
        private = PrivateKeys(self.keys, INTAKE)[payload.content.key_id]
        plain = private.open(payload.content, seal.content_info(payload.submission_id))
        return Content.model_validate_json(plain)

    async def rows(self, statement: str) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(statement))).all()

    async def execute(self, statement: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement))

    def blobs(self) -> set[str]:
        """Names of what lies in the object store."""
        root = self.settings.var / "blobs"
        return {path.name for path in root.rglob("*") if path.is_file()}


@asynccontextmanager
async def open_mailroom(postgres_url: str, folder: Path) -> AsyncIterator[Mailroom]:
    """One of its own, with an empty register."""
    settings = Settings(var=folder, scan_folder=folder / "scans")
    (folder / "scans").mkdir()
    keys = make_keys(KeyFolder(settings.keys_folder))
    published, reader = Published(), ToldReader()
    async with database(postgres_url, tables.metadata) as engine:
        parts = Parts(
            engine=engine,
            blobs=BlobStore(settings.blobs),
            rows=DraftRows(keys.secret(SECRET)),
            opener=cast("Opener", ToldOpener()),
            relay=cast("Relay", published),
            keys=Keys(
                CurrentKey(keys, INTAKE),
                CurrentKey(keys, contact_purpose(Channel.mail)),
                CurrentKey(keys, UNSEALING),
            ),
            settings=settings,
            fingerprint_key=keys.secret(SECRET),
        )
        taking, pool = Taking(parts), ReadingPool(reader)
        watched = Folder(folder / "scans", parts, taking)
        worker = Worker(
            parts,
            {
                Work.open: Unfolding(parts).work,
                Work.read: Reading(parts, pool).work,
                Work.send: Sending(parts, cast("Archiver", ToldArchiver())).work,
            },
        )
        desk_parts = DeskParts(parts, Desk(parts), taking, watched, Verifier(keys))
        labels = api.labels.router(
            engine=engine,
            relay=parts.relay,
            keys=PrivateKeys(keys, contact_purpose(Channel.mail)),
            verifier=desk_parts.verifier,
            retry=settings.outbox_retry_seconds,
        )
        service = Service("intake-mail", [labels, *api.routers(desk_parts)], bodies=api.BODIES)
        transport = httpx.ASGITransport(web.create_app([service], settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Mailroom(
                engine,
                keys,
                settings,
                parts,
                taking,
                reader,
                worker,
                watched,
                client,
                published,
                keys.secret("token-signing"),
            )
        await pool.close()


async def sweep(mailroom: Mailroom) -> None:
    await Sweeping(mailroom.parts).sweep()


def day(text: str) -> date:
    return date.fromisoformat(text)
