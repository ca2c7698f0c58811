"""A letter becomes a submission: what is in it, when it came, and who may be written to."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from intake_mail import drafts, submit
from intake_mail.drafts import Draft, File, FileState, Page
from speakup import seal
from speakup.blobs import close_blob
from speakup.events import (
    Anonymity,
    Channel,
    Event,
    Language,
    SubmissionFollowUp,
    SubmissionReceived,
)
from speakup.keys import INTAKE, UNSEALING, KeyFolder, PrivateKeys, contact_purpose
from speakup.seal import CannotOpenError
from speakup.submission import Contact, Content
from tests.intake_mail.test_register import entry

LETTER = UUID(int=5)
NUMBER = "3941080232"
ADDRESS = "Aigul Serikova\nLenin St 5\nKaraganda"


def page(text: str = "They sell our diesel.", **facts: Any) -> Page:
    blob, _ = close_blob(text.encode())
    return Page(page_id=uuid4(), file_id=uuid4(), blob=blob, text=text, **facts)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    folder = KeyFolder(tmp_path_factory.mktemp("keys"))
    for purpose in (INTAKE, UNSEALING, contact_purpose(Channel.mail)):
        folder.ensure_pair(purpose)
    return folder


def sent(keys: KeyFolder, draft: Draft) -> Event:
    return submit.event(
        LETTER,
        entry(received_on=date(2026, 11, 20)),
        draft,
        submit.content_of(draft, "2026-M-000001"),
        NUMBER,
        zone=ZoneInfo("Asia/Almaty"),
        intake=keys.public(INTAKE),
        contact=keys.public(contact_purpose(Channel.mail)),
        unsealing=keys.public(UNSEALING),
    )


def content(keys: KeyFolder, event: Event) -> Content:
    payload = event.payload
    assert isinstance(payload, SubmissionReceived | SubmissionFollowUp)
    private = PrivateKeys(keys, INTAKE)[payload.content.key_id]
    plain = private.open(payload.content, seal.content_info(payload.submission_id))
    return Content.model_validate_json(plain)


def test_a_letter_is_a_submission_with_its_words_pages_and_files(keys: KeyFolder) -> None:
    blob, _ = close_blob(b"%PDF")
    scan = File(
        file_id=uuid4(),
        name="scan.pdf",
        content_type="application/pdf",
        sha256="ab",
        size=4,
        blob=blob,
        state=FileState.opened,
    )
    pages = (page("First."), page("Not this one.", dropped=True), page(" \n"), page("Last."))
    event = sent(keys, Draft(pages=pages, files=(scan,), language=Language.kk))
    payload = event.payload
    assert isinstance(payload, SubmissionReceived)
    assert (payload.channel, payload.case_number, payload.language) == ("mail", NUMBER, "kk")
    found = content(keys, event)
    assert found.text == "First.\n\nLast."
    assert [one.name for one in found.attachments] == [
        "2026-M-000001-page-1.png",
        "2026-M-000001-page-2.png",
        "2026-M-000001-page-3.png",
    ]
    assert [one.name for one in found.originals] == ["scan.pdf"]
    files = (*found.attachments, *found.originals)
    assert payload.blobs == tuple(one.blob.digest for one in files)
    assert found.pin is not None
    assert payload.anonymity is Anonymity.anonymous
    assert (payload.contact, payload.answerable) == (None, False)


def test_the_clock_runs_from_the_day_on_which_the_letter_came(keys: KeyFolder) -> None:
    payload = sent(keys, Draft(pages=(page(),))).payload
    assert isinstance(payload, SubmissionReceived)
    assert payload.received_at.isoformat() == "2026-11-20T00:00:00+05:00"


def test_a_letter_that_is_sent_twice_is_one_submission(keys: KeyFolder) -> None:
    draft = Draft(pages=(page(),))
    assert sent(keys, draft).id == sent(keys, draft).id == submit.submission_id(LETTER)
    assert submit.submission_id(uuid4()) != submit.submission_id(LETTER)


def test_a_letter_that_quotes_a_case_joins_it_and_has_a_pin_should_there_be_none(
    keys: KeyFolder,
) -> None:
    event = sent(keys, Draft(pages=(page(),), quotes=NUMBER))
    assert isinstance(event.payload, SubmissionFollowUp)
    assert content(keys, event).pin is not None


def test_an_unread_letter_has_its_pages_and_no_words(keys: KeyFolder) -> None:
    found = content(keys, sent(keys, Draft(pages=(page("They"),), unread=True)))
    assert (found.text, len(found.attachments)) == ("", 1)


@pytest.mark.parametrize("wants_no_answer", [False, True])
def test_an_address_is_sealed_apart_and_who_wants_no_answer_gets_none(
    keys: KeyFolder, *, wants_no_answer: bool
) -> None:
    draft = Draft(pages=(page(),), address=ADDRESS, wants_no_answer=wants_no_answer)
    event = sent(keys, draft)
    payload = event.payload
    assert isinstance(payload, SubmissionReceived)
    assert payload.contact is not None
    assert payload.answerable is not wants_no_answer
    assert (payload.contact.reply is None) is wants_no_answer
    assert payload.anonymity is Anonymity.confidential
    private = PrivateKeys(keys, UNSEALING)[payload.contact.unsealing.key_id]
    plain = private.open(payload.contact.unsealing, seal.contact_info(event.id))
    assert Contact.model_validate_json(plain).address == ADDRESS
    assert "Aigul" not in content(keys, event).model_dump_json()


def test_more_text_than_an_event_can_carry_is_cut_there_and_whole_beside_it() -> None:
    draft = Draft(pages=(page("ж" * 60_000),))
    blob, _ = close_blob(submit.text_of(draft).encode())
    found = submit.content_of(draft, "2026-M-000001", full_text=blob)
    assert (len(found.text), found.full_text) == (50_000, blob)
    assert blob.digest in submit.digests(found)


def test_a_draft_opens_with_its_own_key_for_its_own_letter_alone() -> None:
    of_all, key = seal.new_key(), seal.new_key()
    wrapped = drafts.wrap(of_all, LETTER, key)
    assert drafts.unwrap(of_all, LETTER, wrapped) == key
    draft = Draft(pages=(page(),), address=ADDRESS)
    locked = drafts.lock(key, LETTER, draft)
    assert drafts.unlock(key, LETTER, locked) == draft
    assert b"Karaganda" not in locked
    for wrong in (
        lambda: drafts.unwrap(of_all, uuid4(), wrapped),
        lambda: drafts.unlock(key, uuid4(), locked),
        lambda: drafts.unlock(seal.new_key(), LETTER, locked),
    ):
        with pytest.raises(CannotOpenError):
            wrong()
