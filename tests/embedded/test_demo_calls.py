"""The calls of the demonstration go as the dialogue goes."""

from __future__ import annotations

import pytest

from embedded import demo_calls
from intake_phone.call import Accept, AskAccess, Asked, Told
from speakup.events import Language, Status
from speakup.submission import View
from tests.phone_service import NUMBER, PIN, on_the_line


async def test_three_calls_leave_three_messages_and_a_fourth_hears_the_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with on_the_line() as (line, service):
        status = View(case_number=NUMBER, status=Status.new, language=Language.ru, dialogue=())
        service.answers = [Asked(view=status)]
        await demo_calls.make_calls(line)
        assert len(service.done(Accept)) == 3
        assert len(service.done(Told)) == 2
        assert service.done(AskAccess) == [AskAccess(NUMBER, PIN)]
        assert len(line.recordings) == 3
        said = capsys.readouterr().out
        assert "hears    phone.language in kk" in said
        assert f"presses  {PIN}" in said
        assert "phone.status.new in ru" in said


def test_number_and_pin_are_read_from_what_is_heard() -> None:
    spaced = " ".join(NUMBER)
    told = demo_calls.read_digits(f"The number: {spaced}. Again: {NUMBER}. The PIN: {PIN}, {PIN}.")
    assert told == (NUMBER, PIN)
    with pytest.raises(LookupError):
        demo_calls.read_digits("Call 112.")
