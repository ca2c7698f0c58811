"""What callers hear when the service can't be reached: `python -m intake_phone.fallback` prints deploy/twilio-fallback.xml.

Twilio keeps the document itself (a TwiML Bin), so it can play no file of ours: Kazakh is read by the Russian
voice, in Russian letters. That has an accent and is understood. A test holds the file and the texts together.
"""

from __future__ import annotations

import sys

from twilio.twiml.voice_response import VoiceResponse

from intake_phone.prompts import VOICES
from speakup.events import Language
from speakup.i18n import Texts, texts

NAMES = ("phone.emergency", "phone.unavailable", "phone.channels")

_LETTERS = str.maketrans("әғқңөұүіһӘҒҚҢӨҰҮІҺ", "агкноууихАГКНОУУИХ")


def document(texts: Texts) -> str:
    """TwiML: all of it in three languages, and the end of the call."""
    response = VoiceResponse()
    for language in Language:
        said = " ".join(texts(language, name) for name in NAMES)
        if language is Language.kk:
            said = in_russian_letters(said)
        voice, code = VOICES.get(language, VOICES[Language.ru])
        response.say(said, voice=voice, language=code)
    response.hangup()
    return str(response).replace("><Say", ">\n<Say").replace("><Hangup", ">\n<Hangup") + "\n"


def in_russian_letters(kazakh: str) -> str:
    """Each letter that Russian has not by the one that sounds nearest."""
    return kazakh.translate(_LETTERS)


if __name__ == "__main__":
    sys.stdout.write(document(texts()))
