"""Logs: identifiers go through, words don't."""

from __future__ import annotations

import json
import logging

import pytest

from speakup import logs, trace

WORD = "Айгерим took 500000 tenge"


@pytest.fixture(autouse=True)
def _configured() -> None:
    logs.configure("INFO")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_identifier_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.get_logger("s").info("case_opened", case_number="2941080236")
    assert lines(capsys)[0]["case_number"] == "2941080236"


def test_a_field_that_is_not_listed_is_dropped_and_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.get_logger("s").info("case_opened", sender="a@b.kz")
    line = lines(capsys)[0]
    assert line["dropped"] == ["sender"]
    assert "a@b.kz" not in str(line)


def test_words_in_a_listed_field_are_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    logs.get_logger("s").info("mail_unparsed", reason=WORD)
    assert lines(capsys)[0]["reason"] == "[withheld]"


def test_an_exception_shows_type_and_place_but_not_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        raise ValueError(WORD)
    except ValueError:
        logs.get_logger("s").exception("failed")
    line = lines(capsys)[0]
    assert line["error"] == "ValueError"
    assert "test_logs.py" in str(line["stack"])
    assert "tenge" not in str(line)


def test_a_library_tells_only_where_it_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("some.library").error("can't parse %s", WORD)
    line = lines(capsys)[0]
    assert line["logger"] == "some.library"
    assert "tenge" not in str(line)


def test_a_line_carries_the_trace_it_belongs_to(capsys: pytest.CaptureFixture[str]) -> None:
    with trace.within("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        logs.get_logger("s").info("here")
    assert lines(capsys)[0]["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
