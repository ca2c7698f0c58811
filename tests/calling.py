"""Callers of journeys: what they say, what they press, and what becomes of it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from embedded import practice_audio
from embedded.demo_calls import Told, read_digits
from embedded.practice_caller import Caller
from speakup.events import Language
from speakup.i18n import texts
from tests.system import System
from tests.twilio_double import TwilioDouble
from tests.waiting import eventually

CONSENT = "1"
REPORT, QUESTION, EARLIER, COMPLIANCE = "1", "2", "3", "4"
SEND, NOBODY_IN_DANGER, EMPLOYEE, INDIVIDUAL = "1", "2", "1", "1"

TONE = practice_audio.tone(2)


def speech(corpora: Path, language: str) -> bytes:
    """Two real sentences, as one WAV."""
    folder = corpora / "speech" / language
    files = sorted(folder.glob("*.wav"))[:2]
    return practice_audio.wav(b"".join(practice_audio.samples(f.read_bytes()) for f in files))


async def require_phone(system: System) -> None:
    """Until the channel's webhooks are there, there is nothing to call."""
    async with httpx.AsyncClient(base_url=system.url, timeout=30) as client:
        if (await client.post("/phone/voice")).status_code == 404:
            pytest.skip("the phone isn't connected yet")


def prompt(name: str, language: str = "en") -> list[str]:
    """What is always said of a text of the catalogue, whatever stands in its places."""
    text = texts().names(Language(language))[f"phone.{name}"]
    parts = (part.strip(" .,:;") for part in re.split(r"\{\w+\}", text))
    return [part for part in parts if part]


async def hears(caller: Caller, language: str, *names: str) -> None:
    """These prompts were heard since the caller last did something."""
    for name in names:
        await caller.hears(*prompt(name, language))


async def to_the_beep(caller: Caller, kind: str = REPORT) -> None:
    """From the consent to the recording; the language has been chosen."""
    await caller.press(CONSENT)
    await caller.press(kind)
    assert caller.is_recorded


async def finish(
    caller: Caller, *, answers: str = NOBODY_IN_DANGER + EMPLOYEE + INDIVIDUAL
) -> Told:
    """End the recording, send it, answer the questions, and write down number and PIN."""
    for key in f"#{SEND}{answers}":
        await caller.press(key)
    said = caller.said
    await caller.waits()
    return read_digits(said)


async def leave_message(
    line: TwilioDouble, language: str = "en", kind: str = REPORT, audio: bytes = TONE
) -> Told:
    """A whole call."""
    async with line.call(language) as caller:
        await to_the_beep(caller, kind)
        await caller.speaks(audio)
        return await finish(caller)


async def open_case(caller: Caller, told: Told) -> None:
    """Ask for an earlier case; the language has been chosen."""
    for keys in (CONSENT, EARLIER, told.number, told.pin):
        await caller.press(keys)


async def case(system: System, number: str, *, by: str = "officer") -> dict[str, Any]:
    """The case as staff see it; empty where it isn't there."""
    answer = await system.get(f"/api/v1/cases/{number}", by=by)
    found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
    return found


async def recorded(
    system: System, number: str, count: int = 1, *, by: str = "officer"
) -> dict[str, Any]:
    """The case, once the audio of so many recordings is there."""
    found: dict[str, Any] = {}

    async def there() -> bool:
        found.update(await case(system, number, by=by))
        audible = [one for one in found.get("recordings", ()) if one["audio"]]
        return len(audible) == count

    await eventually(there, seconds=40, every=0.2)
    return found


async def change(system: System, path: str, body: dict[str, Any], *, by: str = "officer") -> None:
    """A change by staff, with the version of the moment."""
    number = path.split("/")[4]
    token = await system.token(by)

    async def done() -> bool:
        etag = (await system.get(f"/api/v1/cases/{number}", by=by)).headers["etag"]
        async with httpx.AsyncClient(base_url=system.url, timeout=30) as client:
            headers = {"Authorization": f"Bearer {token}", "If-Match": etag}
            answer = await client.post(path, json=body, headers=headers)
        # A background step may have changed the case meanwhile.
        assert answer.status_code in (200, 201, 412), answer.text
        return answer.status_code != 412

    await eventually(done)


async def reconcile(system: System) -> None:
    """`python -m intake_phone reconcile`, as the services run."""
    services = system.child("embedded.services")
    assert services is not None
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "intake_phone", "reconcile"),
        env={**os.environ, **services.environ()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
