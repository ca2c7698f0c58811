"""What is said in a call, as TwiML: Russian and English by Twilio's voices, Kazakh, which it has none for, by sounds of ours.

https://www.twilio.com/docs/voice/twiml/say/text-speech, https://www.twilio.com/docs/voice/twiml/play
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo

from intake_phone import spoken
from intake_phone.addresses import Addresses
from intake_phone.call import PlayTake, Prompt, Sound, Speech
from intake_phone.twiml import Parent
from speakup.events import Language
from speakup.i18n import Texts

VOICES = {Language.ru: ("Polly.Tatyana", "ru-RU"), Language.en: ("Polly.Amy", "en-GB")}
"""And their languages, by Twilio's names. One says 3,000 characters at a time."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Adds sounds to TwiML. Only `within` a call can it say what is the caller's own."""

    texts: Texts
    zone: tzinfo
    """In which days are told."""
    addresses: Addresses
    call_sid: str | None = None

    def within(self, call_sid: str) -> Speaker:
        """The same for this call."""
        return replace(self, call_sid=call_sid)

    def sound(self, one: Sound, parent: Parent) -> None:
        """Append it as Say or Play. Raises ValueError for a caller's own sound outside a call."""
        match one:
            case Prompt(language=Language.kk):
                for name in spoken.sounds(one, self.texts, self.zone):
                    parent.play(self.addresses.fixed(name))
            case Prompt():
                self._say(spoken.sentence(one, self.texts, self.zone), one.language, parent)
            case Speech(text, language) if language in VOICES:
                self._say(text, language, parent)
            case Speech() | PlayTake():
                if self.call_sid is None:
                    raise ValueError("a caller's own sound can't be played outside a call")
                parent.play(self.addresses.own(self.call_sid, one))

    def _say(self, text: str, language: Language, parent: Parent) -> None:
        voice, code = VOICES[language]
        parent.say(text, voice=voice, language=code)
