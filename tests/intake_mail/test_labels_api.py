"""The mailroom's list of letters and their labels: codes and times in the list, an address on a label alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pypdf import PdfReader

from case_router.tokens import Signer
from intake_mail.api import labels
from speakup import web
from speakup.events import Channel, ReplyDelivered, ReplyFailed
from speakup.keys import PrivateKeys, contact_purpose
from speakup.post_code import post_code
from speakup.service import Service
from speakup.settings import Common
from speakup.staff import Role, Staff, Verifier
from tests.intake_mail.post_room import ADDRESS, PostRoom, open_post_room

LABELS = "/api/v1/letters/labels"
NUMBER = {"registered_mail_number": "RR123456785KZ"}
START = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Desk:
    room: PostRoom
    client: httpx.AsyncClient

    def bearer(self, role: Role = Role.mailroom, *, narratives: bool = True) -> dict[str, str]:
        staff = Staff(str(UUID(int=1)), role, role, narratives)
        return {"Authorization": f"Bearer {Signer(self.room.keys).sign(staff)}"}

    async def get(self, path: str = "", by: Role = Role.mailroom) -> httpx.Response:
        return await self.client.get(f"{LABELS}{path}", headers=self.bearer(by))

    async def post(
        self, path: str, body: object = None, by: Role = Role.mailroom
    ) -> httpx.Response:
        return await self.client.post(f"{LABELS}{path}", json=body, headers=self.bearer(by))

    async def ask(self, at: datetime = START) -> str:
        """The code of a letter that is to be posted."""
        return post_code((await self.room.ask(at=at)).reply_id)


@asynccontextmanager
async def open_desk(room: PostRoom, folder: Path) -> AsyncIterator[Desk]:
    keys = room.keys
    routes = labels.router(
        engine=room.engine,
        relay=room.relay,
        keys=PrivateKeys(keys, contact_purpose(Channel.mail)),
        verifier=Verifier(keys),
        retry=300,
    )
    app = web.create_app([Service("intake-mail", routers=[routes])], Common(var=folder))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield Desk(room, client)


@pytest.fixture
async def desk(postgres_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with (
        open_post_room(postgres_url, tmp_path) as room,
        open_desk(room, tmp_path) as d,
    ):
        yield d


async def test_a_line_holds_a_code_and_times_and_nothing_else(desk: Desk) -> None:
    code = await desk.ask()
    (line,) = (await desk.get()).json()["items"]
    assert line == {
        "code": code,
        "state": "waiting",
        "requested_at": "2026-11-20T00:00:00Z",
        "labelled_at": None,
        "posted_at": None,
        "registered_mail_number": None,
        "returned_at": None,
    }


async def test_the_list_shows_the_newest_first_page_by_page(desk: Desk) -> None:
    codes = [await desk.ask(START + timedelta(hours=n)) for n in range(5)]
    shown, cursor = [], ""
    for _ in range(3):
        page = (await desk.get(f"?limit=2{cursor}")).json()
        shown += [line["code"] for line in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert shown == codes[::-1]
    assert page["next"] is None


async def test_the_list_can_be_of_one_state(desk: Desk) -> None:
    code, _ = await desk.ask(), await desk.ask()
    await desk.get(f"/{code}/label.pdf")
    await desk.post(f"/{code}/posted", NUMBER)
    assert [line["code"] for line in (await desk.get("?state=posted")).json()["items"]] == [code]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwgImIiXQ", "WzEsIDJd", "%00"])
async def test_a_cursor_that_is_none_is_refused(desk: Desk, cursor: str) -> None:
    assert (await desk.get(f"?cursor={cursor}")).status_code == 422


async def test_a_label_holds_address_and_code(desk: Desk) -> None:
    code = await desk.ask()
    answer = await desk.get(f"/{code}/label.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    (page,) = PdfReader(BytesIO(answer.content)).pages
    said = page.extract_text().split("\n")
    assert sorted([*ADDRESS.split("\n"), code]) == sorted(line.strip() for line in said)


async def test_a_code_is_known_as_people_type_it(desk: Desk) -> None:
    code = await desk.ask()
    typed = code.replace("-", " ").lower()
    assert (await desk.get(f"/{typed}/label.pdf")).status_code == 200


async def test_the_printing_of_a_label_is_kept_with_who_did_it(desk: Desk) -> None:
    code = await desk.ask()
    await desk.get(f"/{code}/label.pdf")
    readings = await desk.room.rows("SELECT account_name, code FROM address_readings")
    assert [tuple(row) for row in readings] == [("mailroom", code)]


async def test_a_letter_that_was_posted_is_reported_and_has_no_label_any_more(desk: Desk) -> None:
    code = await desk.ask()
    await desk.get(f"/{code}/label.pdf")
    line = (await desk.post(f"/{code}/posted", NUMBER)).json()
    assert (line["state"], line["registered_mail_number"]) == ("posted", "RR123456785KZ")
    assert (await desk.get(f"/{code}/label.pdf")).status_code == 409
    assert len(desk.room.said(ReplyDelivered)) == 1


async def test_an_ordinary_letter_has_no_registered_number(desk: Desk) -> None:
    code = await desk.ask()
    await desk.get(f"/{code}/label.pdf")
    assert (await desk.post(f"/{code}/posted", {})).json()["registered_mail_number"] == ""


async def test_a_letter_that_came_back_is_reported(desk: Desk) -> None:
    code = await desk.ask()
    await desk.get(f"/{code}/label.pdf")
    await desk.post(f"/{code}/posted", NUMBER)
    line = (await desk.post(f"/{code}/returned", {"reason": "unclaimed"})).json()
    assert (line["state"], line["returned_at"] is not None) == ("returned", True)
    (said,) = desk.room.said(ReplyFailed)
    assert said.reason == "The letter came back. Nobody fetched it from the post office."


@pytest.mark.parametrize("what", ["posted", "returned"])
async def test_a_step_that_was_left_out_is_told_in_words(desk: Desk, what: str) -> None:
    code = await desk.ask()
    body = NUMBER if what == "posted" else {"reason": "moved"}
    answer = await desk.post(f"/{code}/{what}", body)
    assert answer.status_code == 409
    assert "hasn't been" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [{"reason": "A. Serikova lives in Almaty now"}, {}, {"reason": "moved", "to": "Almaty"}]
)
async def test_why_a_letter_came_back_is_one_of_a_few_words(
    desk: Desk, body: dict[str, str]
) -> None:
    answer = await desk.post(f"/{await desk.ask()}/returned", body)
    assert answer.status_code == 422
    assert "Almaty" not in answer.text


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.mailroom}))
async def test_for_every_other_role_there_are_no_labels(desk: Desk, role: Role) -> None:
    code = await desk.ask()
    answers = [
        await desk.get(by=role),
        await desk.get(f"/{code}/label.pdf", by=role),
        await desk.post(f"/{code}/posted", NUMBER, by=role),
        await desk.post(f"/{code}/returned", {"reason": "moved"}, by=role),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert await desk.room.rows("SELECT 1 FROM address_readings") == []


async def test_an_address_is_shown_only_with_a_second_factor(desk: Desk) -> None:
    path = f"{LABELS}/{await desk.ask()}/label.pdf"
    answer = await desk.client.get(path, headers=desk.bearer(narratives=False))
    assert answer.status_code == 403
    assert await desk.room.rows("SELECT 1 FROM address_readings") == []


@pytest.mark.parametrize("code", ["0000-000", "nothing", "x" * 30])
async def test_a_code_that_no_letter_has_is_not_found(desk: Desk, code: str) -> None:
    status = (await desk.get(f"/{code}/label.pdf")).status_code
    assert status == (422 if len(code) > 20 else 404)


async def test_an_address_whose_key_is_gone_is_told_the_admin(desk: Desk) -> None:
    asked = await desk.room.ask()
    desk.room.keys.destroy(contact_purpose(Channel.mail), asked.contact.key_id)
    # Another one is there, so that it isn't the folder that is away.
    desk.room.keys.make_pair(contact_purpose(Channel.mail))
    async with open_desk(desk.room, Path()) as fresh:
        answer = await fresh.get(f"/{post_code(asked.reply_id)}/label.pdf")
    assert answer.status_code == 503
    assert "Tell the admin" in answer.json()["detail"]
