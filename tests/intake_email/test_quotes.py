"""New words stand apart from thread and signature; none of either is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.quotes import set_apart

NEW = "Мастер снова требует деньги."

THREADS = [
    "On Mon, Mar 4, 2024 at 10:00 AM Asel <a@x.kz> wrote:\n\n> Hello",
    "On Mon, Mar 4, 2024 at 10:00 AM Asel\n<a@x.kz> wrote:\n> Hello\n>> before",
    "пн, 4 мар. 2024 г. в 10:00, Асель <a@x.kz>:\n\n> Здравствуйте",
    "4 марта 2024 г., в 10:00, Асель <a@x.kz> написал(а):\n> Здравствуйте",
    "04.03.2024 10:00, Асель пишет:\n> Здравствуйте",
    "Понедельник, 4 марта 2024, 10:00 +05:00 от Асель <a@x.kz>:\n>Здравствуйте",
    '04.03.2024, 10:00, "Асель" <a@x.kz>:\n> Здравствуйте',
    "2024 ж. 4 наур., дс 10:00, Әсел <a@x.kz> жазды:\n> Сәлем",
    "-----Original Message-----\nFrom: A\nSent: Monday\nTo: B\nSubject: C\n\nHello",
    "________________________________\nОт: A\nОтправлено: 4 марта\nКому: B\nТема: C\n\nПривет",
    "Кімнен: A\nЖіберілді: 4 наурыз\nКімге: B\nТақырып: C\n\nСәлем",
    "-- \nAsel\n+7 700 000 00 00",
    "Sent from my iPhone",
]


@pytest.mark.parametrize("thread", THREADS)
def test_a_thread_or_signature_is_set_apart(thread: str) -> None:
    assert set_apart(f"{NEW}\n\n{thread}", is_reply=True) == (NEW, thread)


def test_what_stands_above_new_words_is_set_apart_too() -> None:
    thread = "On Monday 10:00 Asel wrote:\n> Hello\n"
    assert set_apart(f"{thread}\n{NEW}", is_reply=True) == (NEW, thread.strip())


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (f"> one\n{NEW}\n> two\nAnd more", "Re: x"),
        (f"See my answers below.\n\n{THREADS[8]}", "Re: x"),
        (f"{NEW}\n\n{THREADS[8]}", "Fwd: x"),
        (f"{NEW}\n\n---------- Forwarded message ---------\n{THREADS[10]}", "x"),
        (f"{NEW}\n--\nИ ещё: он угрожал мне.", "x"),
        (THREADS[0], "Re: x"),
        (f"Your mail:\n Date: x\n From: A\n To: B\n Subject: C\n\n{NEW}", "x"),
    ],
)
def test_in_doubt_all_words_stay(text: str, subject: str) -> None:
    assert set_apart(text, subject=subject, is_reply=True) == (text, "")


def test_pasted_headers_in_what_is_no_reply_stay() -> None:
    text = f"{NEW}\n\n{THREADS[8]}"
    assert set_apart(text) == (text, "")


_LINES = st.sampled_from([NEW, "", "> q", ">> q", "-- ", "--", *"\n".join(THREADS).split("\n")])


@given(st.lists(_LINES, max_size=30), st.booleans())
def test_no_line_is_lost(lines: list[str], is_reply: bool) -> None:
    new, rest = set_apart("\n".join(lines), is_reply=is_reply)
    kept = [line for line in f"{new}\n{rest}".split("\n") if line.strip()]
    assert sorted(kept) == sorted(line for line in lines if line.strip())
