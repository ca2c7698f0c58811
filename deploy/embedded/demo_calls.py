"""The calls of `make demo`: a report, a question and somebody who hangs up, then the same caller again.

What the caller hears and presses is printed. The recordings lie at the practice line until the services have
fetched and deleted them; so it stays open for so long.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlsplit

from embedded import practice_audio
from embedded.practice_caller import Caller
from embedded.practice_line import LANGUAGE_KEYS, Line
from embedded.screen import say
from intake_phone.spoken import all_sounds
from speakup import case_number
from speakup.events import Language
from speakup.i18n import texts

WORDS = {
    "kk": "Қойма меңгерушісі жазылмаған дизель отынын сатып жатыр, соңғы рет кеше кешке.",
    "ru": "Можно ли принять от поставщика приглашение на конференцию, если он платит за дорогу?",
    "en": "Our shift leader signs the safety briefing for people who were never there.",
}
"""That are spoken, where espeak-ng is installed."""

CONSENT, REPORT, QUESTION, EARLIER = "1", "1", "2", "3"


class Told(NamedTuple):
    """What a caller writes down."""

    number: str
    pin: str


class Telephone:
    """A caller whose every word is printed."""

    def __init__(self, caller: Caller) -> None:
        self._caller, self._printed = caller, 0

    def show(self) -> None:
        """What was heard meanwhile."""
        new = [heard.text for heard in self._caller.heard[self._printed :]]
        for is_digit, run in groupby(new, lambda text: len(text) == 1):
            for text in (" ".join(run),) if is_digit else tuple(run):
                say(f"    hears    {text}")
        self._printed = len(self._caller.heard)

    async def press(self, keys: str) -> None:
        """Press, and print what follows."""
        say(f"    presses  {keys}")
        await self._caller.press(keys)
        self.show()

    async def speak(self, words: str, audio: bytes) -> None:
        """Speak after the beep."""
        say(f"    says     {words}")
        await self._caller.speaks(audio)

    async def wait(self) -> str:
        """Press nothing; gives what was heard before."""
        said = self._caller.said
        await self._caller.waits()
        self.show()
        return said


def words_of(url: str) -> str:
    """What is heard of a sound that the service plays: its words, where they are in the catalogue."""
    name = urlsplit(url).path.rpartition("/")[2].removesuffix(".wav")
    return _kazakh_sounds().get(name, "[a sound]")


@cache
def _kazakh_sounds() -> Mapping[str, str]:
    return all_sounds(texts(), Language.kk)


async def make_calls(line: Line) -> None:
    """All of them. Raises LineError, and AssertionError or LookupError where a call goes otherwise."""
    say("A call in Kazakh: a report")
    await call_in(line, "kk", REPORT)
    say("A call in Russian: a question")
    told = await call_in(line, "ru", QUESTION)
    say(
        "A call in English: the caller hangs up in the middle of the message, which is kept all the same"
    )
    await hang_up_early(line, "en")
    say("The second caller again, with case number and PIN")
    await call_again(line, "ru", told)


async def call_in(line: Line, language: str, kind: str) -> Told:
    """Leave a message and write down what is told. Raises LineError and AssertionError."""
    audio, words = await _speech(language)
    async with line.call() as caller:
        telephone = Telephone(caller)
        telephone.show()
        for key in (LANGUAGE_KEYS[language], CONSENT, kind):
            await telephone.press(key)
        await telephone.speak(words, audio)
        # Ends the recording; send; nobody in danger; an employee; a person.
        for key in "#1211":
            await telephone.press(key)
        told = read_digits(await telephone.wait())
        await telephone.wait()
        return told


async def hang_up_early(line: Line, language: str) -> None:
    """Say something and put the receiver down in the middle of it. Raises LineError."""
    audio, words = await _speech(language)
    async with line.call() as caller:
        telephone = Telephone(caller)
        telephone.show()
        for key in (LANGUAGE_KEYS[language], CONSENT, REPORT):
            await telephone.press(key)
        await telephone.speak(words, audio)
        say("    hangs up")
        await caller.hangs_up()


async def call_again(line: Line, language: str, told: Told) -> None:
    """Ask what became of it. Raises LineError."""
    async with line.call() as caller:
        telephone = Telephone(caller)
        telephone.show()
        for keys in (LANGUAGE_KEYS[language], CONSENT, EARLIER, told.number, told.pin):
            await telephone.press(keys)


def read_digits(said: str) -> Told:
    """Case number and PIN among all that was said, digit by digit. Raises LookupError."""
    digits = "".join(re.findall(r"\d", said))
    for start in range(len(digits) - 15):
        number = digits[start : start + 10]
        if case_number.is_valid(number):
            rest = digits[start + 10 :].replace(number, "")
            return Told(number, rest[:6])
    raise LookupError("no case number and PIN were told")


async def _speech(language: str) -> tuple[bytes, str]:
    """Words as a WAV file by espeak-ng, or a tone, and what it says."""
    program = shutil.which("espeak-ng")
    if program is None:
        return practice_audio.tone(3), "(a tone of 3 s: espeak-ng isn't installed)"
    process = await asyncio.create_subprocess_exec(
        *(program, "-v", language, "--stdout", WORDS[language]),
        stdout=asyncio.subprocess.PIPE,
    )
    audio, _ = await process.communicate()
    return audio, WORDS[language]
