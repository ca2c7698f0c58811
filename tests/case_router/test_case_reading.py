"""Reading one case: its narratives for those who may, audited, without PIN and contact."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from speakup import seal
from speakup.submission import Attachment, Blob, Content
from tests.case_router.world import START, World


def attachment(name: str = "invoice.pdf") -> Attachment:
    blob = Blob(digest="0" * 64, key=bytes(32), size=1234)
    return Attachment(name=name, content_type="application/pdf", blob=blob)


async def test_a_case_shows_what_the_reporter_sent(world: World) -> None:
    content = Content(subject="Тақырып", text="Мәтін", attachments=(attachment(),))
    number = await world.add_case(content)
    case = (await world.get(f"/cases/{number}")).json()
    (submission,) = case["submissions"]
    assert submission["narrative"] == {
        "subject": "Тақырып",
        "text": "Мәтін",
        "quoted": "",
        "cut": False,
        "marks": [],
        "verdicts": {"dkim": None, "dmarc": None, "spf": None, "virus": None},
        "attachments": [
            {
                "index": 0,
                "name": "invoice.pdf",
                "content_type": "application/pdf",
                "size": 1234,
                "marks": [],
            }
        ],
        "raw": False,
    }
    assert not submission["follow_up"]
    assert not case["erased"]


async def test_follow_ups_come_in_the_order_they_were_sent(world: World) -> None:
    number = await world.add_case(Content(text="first"))
    for hour, words in ((20, "third"), (10, "second")):
        await world.add_submission(
            number, Content(text=words), follow_up=True, received_at=START.replace(hour=hour)
        )
    case = (await world.get(f"/cases/{number}")).json()
    assert [s["narrative"]["text"] for s in case["submissions"]] == ["first", "second", "third"]


async def test_pin_and_contact_never_appear(world: World) -> None:
    number = await world.add_case(Content(text="words", pin="271828"))
    await world.execute("UPDATE cases SET pin_locked = 'locked', pin_hmac = 'hmac'")
    answer = await world.get(f"/cases/{number}")
    for hidden in ("271828", "pin", "contact", "reporter@example.kz"):
        assert hidden not in answer.text


async def test_each_reading_is_in_the_audit_log(world: World) -> None:
    number = await world.add_case()
    await world.get(f"/cases/{number}")
    await world.get(f"/cases/{number}")
    assert await world.audit() == [("case.read", "officer", number)] * 2


async def test_what_one_may_not_read_leaves_no_entry(world: World) -> None:
    number = await world.add_case()
    await world.get(f"/cases/{number}", "handler")
    assert await world.audit() == []


async def test_a_version_that_is_known_is_not_sent_again(world: World) -> None:
    number = await world.add_case()
    etag = (await world.get(f"/cases/{number}")).headers["etag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = await world.get(f"/cases/{number}", If_None_Match=known)
        assert (answer.status_code, answer.content) == (304, b"")
    assert (await world.get(f"/cases/{number}", If_None_Match='"0-0-0"')).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cases SET sequence = sequence + 1",
        "UPDATE replies SET state = 'accepted'",
        "UPDATE replies SET state = 'failed'",
        "UPDATE replies SET state = 'delivered'",
    ],
)
async def test_whatever_is_shown_anew_has_a_new_version(world: World, change: str) -> None:
    number = await world.add_case()
    await world.change(number, "replies", {"purpose": "question", "text": "When?"})
    etag = (await world.get(f"/cases/{number}")).headers["etag"]
    await world.execute(change)
    assert (await world.get(f"/cases/{number}", If_None_Match=etag)).status_code == 200


async def test_an_erased_case_shows_its_facts_only(world: World) -> None:
    number = await world.add_case(kind="breach_report")
    await world.change(number, "replies", {"purpose": "question", "text": "When?"})
    async with world.vault_engine.begin() as connection:
        await connection.execute(text("DELETE FROM case_keys"))
    case = (await world.get(f"/cases/{number}")).json()
    assert case["erased"]
    assert case["kind"] == "breach_report"
    assert [s["narrative"] for s in case["submissions"]] == [None]
    assert [r["text"] for r in case["replies"]] == [None]


async def test_a_narrative_that_does_not_open_does_not_hide_the_others(world: World) -> None:
    number = await world.add_case(Content(text="good"))
    broken = await world.add_submission(number, follow_up=True, received_at=START.replace(hour=10))
    await world.execute(
        "UPDATE submissions SET content_locked = :junk WHERE submission_id = :id",
        junk=seal.lock(bytes(32), b"{}", "elsewhere"),
        id=broken,
    )
    case = (await world.get(f"/cases/{number}")).json()
    assert [s["narrative"] and s["narrative"]["text"] for s in case["submissions"]] == [
        "good",
        None,
    ]


async def test_a_narrative_moved_to_another_case_does_not_open_there(world: World) -> None:
    first, second = await world.add_case(Content(text="one")), await world.add_case()
    await world.execute("UPDATE submissions SET case_number = :to", to=second)
    case = (await world.get(f"/cases/{second}")).json()
    moved = [s["narrative"] for s in case["submissions"] if s["narrative"] is None]
    assert len(moved) == 1
    assert (await world.get(f"/cases/{first}")).json()["submissions"] == []


async def test_without_a_second_factor_the_answer_says_how_to_enrol(public_world: World) -> None:
    number = await public_world.add_case()
    headers = public_world.bearer(narratives=False)
    answer = await public_world.client.get(f"/api/v1/cases/{number}", headers=headers)
    assert answer.status_code == 403
    assert "/api/v1/account/totp/confirm" in answer.json()["detail"]


async def test_without_a_second_factor_all_numbers_are_answered_alike(world: World) -> None:
    number = await world.add_case()
    headers = world.bearer("handler", narratives=False)
    there = await world.client.get(f"/api/v1/cases/{number}", headers=headers)
    missing = await world.client.get("/api/v1/cases/2000000008", headers=headers)
    assert there.status_code == missing.status_code == 403
    assert there.json() == missing.json()


@pytest.mark.parametrize(
    "number", ["0", "2000000008", "x" * 500, "%00", "2000000008%27", "２０００"]
)
async def test_a_number_that_is_no_case_is_not_found(world: World, number: str) -> None:
    answer = await world.get(f"/cases/{number}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
