"""What is said in a call, as TwiML and by addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from twilio.twiml.voice_response import VoiceResponse

from intake_phone import addresses as addresses_
from intake_phone.addresses import Addresses
from intake_phone.call import Call, PlayTake, Prompt, Sound, Speech, Take
from intake_phone.prompts import Speaker
from speakup.events import Language
from speakup.i18n import texts
from tests.intake_phone.calling import reply, transcript, view

BASE = "https://hotline.example/phone/sounds"
CALL_SID, TAKE_SID = "CA" + "0a" * 16, "RE" + "1b" * 16
ADDRESSES = Addresses("https://hotline.example/", b"k" * 32, lambda _: "0123456789abcdef")
SPEAKER = Speaker(texts(), ZoneInfo("Asia/Almaty"), ADDRESSES)
WORDS = "Цех бастығы дизель отынын ұрлап сатып жүр."
TOLD = (("number", "1294"), ("pin", "05"))


def twiml(one: Sound, speaker: Speaker = SPEAKER) -> str:
    response = VoiceResponse()
    speaker.sound(one, response)
    return str(response).removeprefix('<?xml version="1.0" encoding="UTF-8"?>')


def played(one: Sound, speaker: Speaker = SPEAKER) -> list[str]:
    """Addresses, from below the sounds' own."""
    document = twiml(one, speaker)
    assert "<Say" not in document
    return [part.split("</Play>")[0].removeprefix(BASE) for part in document.split("<Play>")[1:]]


def own_token(one: Sound) -> str:
    (address,) = played(one, SPEAKER.within(CALL_SID))
    return address.removeprefix("/own/").removesuffix(".wav")


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        (Language.ru, 'language="ru-RU" voice="Polly.Tatyana"'),
        (Language.en, 'language="en-GB" voice="Polly.Amy"'),
    ],
)
def test_russian_and_english_are_said_by_a_named_voice(language: Language, voice: str) -> None:
    said = twiml(Prompt("phone.kept", language))
    assert said == f"<Response><Say {voice}>{texts()(language, 'phone.kept')}</Say></Response>"


def test_digits_are_said_one_by_one() -> None:
    assert "Номер вашего обращения: 1, 2, 9, 4. PIN-код: 0, 5." in twiml(
        Prompt("phone.told", Language.ru, TOLD)
    )


def test_a_date_is_said_as_the_day_in_almaty_in_words() -> None:
    late = Prompt("phone.answered", Language.en, (("date", datetime(2026, 3, 4, 21, tzinfo=UTC)),))
    assert "Answer, the fifth of March." in twiml(late)


def test_kazakh_is_played_from_files_cut_around_the_values() -> None:
    names = [address.split("/")[2] for address in played(Prompt("phone.told", Language.kk, TOLD))]
    assert names == [
        f"{name}.wav"
        for name in (
            "told.1",
            "digit.1",
            "digit.2",
            "digit.9",
            "digit.4",
            "told.2",
            "digit.0",
            "digit.5",
        )
    ]


def test_a_kazakh_date_is_played_by_day_and_month() -> None:
    late = Prompt("phone.asked", Language.kk, (("date", datetime(2026, 3, 4, 21, tzinfo=UTC)),))
    assert [a.split("/")[2] for a in played(late)] == ["asked.1.wav", "day.5.wav", "month.3.wav"]


def test_a_fixed_sounds_address_holds_its_version() -> None:
    assert played(Prompt("phone.menu", Language.kk)) == ["/0123456789abcdef/menu.wav"]


def test_free_words_in_russian_are_said_and_nothing_in_them_is_markup() -> None:
    assert "&lt;Hangup/&gt; и всё</Say>" in twiml(Speech("<Hangup/> и всё", Language.ru))


def test_free_words_in_kazakh_and_recordings_are_played_from_addresses_that_tell_nothing() -> None:
    for sound in (Speech(WORDS, Language.kk), PlayTake(TAKE_SID)):
        token = own_token(sound)
        assert len(token) == 87
        for secret in (CALL_SID[2:], TAKE_SID[2:], "1b1b", "Цех"):
            assert secret not in token


def test_an_own_address_is_another_one_each_time() -> None:
    assert own_token(PlayTake(TAKE_SID)) != own_token(PlayTake(TAKE_SID))


def test_a_callers_own_sound_needs_a_call() -> None:
    with pytest.raises(ValueError, match="outside a call"):
        twiml(PlayTake(TAKE_SID))


def test_an_own_address_leads_to_the_recording_of_its_call() -> None:
    own = ADDRESSES.read_own(own_token(PlayTake(TAKE_SID)))
    assert own is not None
    assert own.call_sid == CALL_SID
    assert own.find(Call(takes=(Take(sid=TAKE_SID, seconds=3),))) == PlayTake(TAKE_SID)


def test_an_own_address_leads_to_words_that_the_call_has_opened() -> None:
    own = ADDRESSES.read_own(own_token(Speech(WORDS, Language.kk)))
    assert own is not None
    opened = Call(view=view(transcript(), reply(WORDS)))
    assert own.find(opened) == Speech(WORDS, Language.kk)


def test_what_the_call_doesnt_remember_any_more_is_not_found() -> None:
    own = ADDRESSES.read_own(own_token(Speech(WORDS, Language.kk)))
    assert own is not None
    assert own.find(Call()) is None


def test_an_own_address_ends_with_the_longest_call(monkeypatch: pytest.MonkeyPatch) -> None:
    token = own_token(PlayTake(TAKE_SID))
    assert ADDRESSES.read_own(token) is not None
    monkeypatch.setattr(addresses_, "OWN_SECONDS", -1)
    assert ADDRESSES.read_own(own_token(PlayTake(TAKE_SID))) is None


@pytest.mark.parametrize("made_up", ["", "A" * 40, "A" * 87, "ы" * 87])
def test_an_own_address_that_somebody_made_up_is_none(made_up: str) -> None:
    assert ADDRESSES.read_own(made_up) is None


def test_an_own_address_with_another_letter_is_none() -> None:
    token = own_token(PlayTake(TAKE_SID))
    other = "B" if token[40] == "A" else "A"
    assert ADDRESSES.read_own(token[:40] + other + token[41:]) is None


def test_another_installations_address_is_none() -> None:
    other = Addresses("https://hotline.example", b"x" * 32, lambda _: "")
    assert other.read_own(own_token(PlayTake(TAKE_SID))) is None
