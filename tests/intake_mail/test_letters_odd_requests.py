"""What no honest page sends: it is refused in words, or cleaned, and never a failure of ours."""

from __future__ import annotations

import pytest
from httpx import Headers

from tests.intake_mail.letters_desk import ENTRY, Mailroom, scan


@pytest.mark.parametrize("reason", ["a\x00 reason", "a\u202e reason", "two\nlines"])
async def test_a_reason_is_one_line_of_signs_that_can_be_printed(
    mailroom: Mailroom, reason: str
) -> None:
    letter_id = await mailroom.letter("One.")
    void = await mailroom.post(f"/{letter_id}/void", {"reason": reason})
    entry = await mailroom.patch(f"/{letter_id}/entry", {"reason": reason}, **{"if-match": "1"})
    assert (void.status_code, entry.status_code) == (422, 422)
    assert (await mailroom.register())[0]["state"] == "draft"


async def test_typed_text_is_what_a_paper_can_bear(mailroom: Mailroom) -> None:
    letter_id = await mailroom.letter("One.")
    page_id = (await mailroom.draft(letter_id))["pages"][0]["page_id"]
    answer = await mailroom.patch(f"/{letter_id}/pages/{page_id}", {"text": "А\x00Б\r\n\tВ\x1b"})
    assert answer.json()["draft"]["pages"][0]["text"] == "АБ\n\tВ"
    answer = await mailroom.patch(f"/{letter_id}/draft", {"address": "Street 1\x00\r\nTown"})
    assert answer.json()["draft"]["address"] == "Street 1\nTown"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/draft", '{"address": "\\ud800"}'),
        ("/draft", '{"quotes": "\\ud800"}'),
        ("/draft", '{"\\ud800": 1}'),
        ("/entry", '{"reason": "\\ud800\\ud800\\ud800"}'),
        ("/entry", '{"reason": "of a test", "enclosures": "\\ud800"}'),
    ],
)
async def test_half_a_character_is_refused(mailroom: Mailroom, path: str, body: str) -> None:
    letter_id = await mailroom.letter("One.")
    answer = await mailroom.client.patch(
        f"/api/v1/letters/{letter_id}{path}",
        content=body,
        headers=mailroom.token() | {"content-type": "application/json", "if-match": "1"},
    )
    assert answer.status_code == 422


@pytest.mark.parametrize("header", ['"one"', "", "-1", '"1", "2"', "²", "9" * 30])
async def test_an_if_match_that_matches_nothing_changes_nothing(
    mailroom: Mailroom, header: str
) -> None:
    letter_id = await mailroom.letter("One.")
    answer = await mailroom.client.patch(
        f"/api/v1/letters/{letter_id}/draft",
        json={"address": "Street 1"},
        headers=Headers(mailroom.token() | {"if-match": header}, encoding="latin-1"),
    )
    assert answer.status_code == 412
    assert (await mailroom.draft(letter_id))["address"] == ""


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\letter.pdf", "letter.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ("\u200b", "scan"),
        ("Хат №5.pdf", "Хат №5.pdf"),
    ],
)
async def test_a_files_name_is_its_last_step_and_hides_nothing(
    mailroom: Mailroom, said: str, kept: str
) -> None:
    answer = await mailroom.client.post(
        "/api/v1/letters",
        files={"files": (said, scan("One."))},
        data=ENTRY,
        headers=mailroom.token() | {"idempotency-key": "k"},
    )
    assert answer.status_code == 201
    draft = await mailroom.draft(answer.json()["letters"][0]["letter_id"])
    assert draft["files"][0]["name"] == kept
