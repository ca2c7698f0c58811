"""What a caller says becomes text by a machine, where the extra is installed: read in the case, classified, heard again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from intake_phone.transcribe import is_installed
from tests import calling
from tests.system import System
from tests.twilio_double import TwilioDouble
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(
    not is_installed(), reason="the extra `speech` isn't installed (make speech)"
)


async def test_a_call_is_read_in_its_case_and_read_back_to_its_caller(
    system: System, line: TwilioDouble, corpora: Path
) -> None:
    told = await calling.leave_message(line, audio=calling.speech(corpora, "en"))
    found: dict[str, Any] = {}

    async def heard() -> bool:
        found.update(await calling.case(system, told.number))
        recordings = found.get("recordings", ())
        return any(one["transcript"] for one in recordings) and found["kind"] is not None

    await eventually(heard, seconds=90)
    (recording,) = found["recordings"]
    assert "enter your agent number followed by the pound key" in recording["transcript"]["text"]
    assert recording["transcript"]["machine"].startswith("Whisper base")
    assert 0 < recording["transcript"]["confidence"] <= 1
    assert recording["audio"]
    async with line.call("en") as caller:
        await calling.open_case(caller, told)
        await caller.hears("enter your agent number followed by the pound key")
