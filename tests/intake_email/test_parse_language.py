"""A mail's language is that of its new words, else of its subject."""

from __future__ import annotations

import pytest

from intake_email.parse import parse
from speakup.events import Language


def language(raw: str) -> Language | None:
    return parse(raw.encode(), "").language


def test_quoted_lines_do_not_count() -> None:
    raw = "Subject: x\r\n\r\n> We answered you in English at great length\r\n> twice\r\nСпасибо, понял"
    assert language(raw) is Language.ru


@pytest.mark.parametrize("body", ["", "12 345", "> Thank you for your letter"])
def test_a_mail_without_words_of_its_own_has_its_subjects_language(body: str) -> None:
    assert language(f"Subject: Вопрос о подарках\r\n\r\n{body}") is Language.ru


def test_a_subject_says_nothing_about_a_text_in_another_language() -> None:
    text = "Guten Tag, unser Chef nimmt Geld vom Lieferanten."
    assert language(f"Subject: Report\r\n\r\n{text}") is None
