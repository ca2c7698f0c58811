"""Turns as documents that Twilio takes."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from intake_phone.call import Gather, Hangup, Prompt, Record, Sound, Turn, Wait
from intake_phone.twiml import Parent, render
from speakup.events import Language
from tests.twilio_double import require_valid

SOUND = (Prompt("phone.menu", Language.ru),)


def say(sound: Sound, parent: Parent) -> None:
    assert isinstance(sound, Prompt)
    parent.say(sound.name, language="ru-RU")


def document(turn: Turn) -> Element:
    text = render(turn, sound=say, action="/phone/step?turn=2", recording="/phone/recording?a=b&c")
    root = ElementTree.fromstring(text)  # noqa: S314
    require_valid(root)
    return root


@pytest.mark.parametrize("turn", [Gather(SOUND, 1), Record(SOUND), Wait(SOUND, 2)])
def test_a_call_comes_back_whatever_the_caller_does_not_do(turn: Turn) -> None:
    assert [document(turn)[-1].tag, document(turn)[-1].text] == ["Redirect", "/phone/step?turn=2"]


def test_keys_may_be_pressed_while_the_prompt_is_spoken() -> None:
    gather = document(Gather(SOUND, 1))[0]
    assert (gather.tag, gather[0].text) == ("Gather", "phone.menu")
    assert gather.get("finishOnKey") == ""


def test_a_number_may_be_ended_by_hash() -> None:
    gather = document(Gather(SOUND, 10, seconds=8, finish="#"))[0]
    assert [gather.get(name) for name in ("numDigits", "timeout", "finishOnKey")] == [
        "10",
        "8",
        "#",
    ]


def test_a_recording_is_whole_and_its_end_is_told() -> None:
    record = document(Record(SOUND))[1]
    assert record.attrib == {
        "action": "/phone/step?turn=2",
        "method": "POST",
        "timeout": "10",
        "maxLength": "600",
        "finishOnKey": "#",
        "playBeep": "true",
        "trim": "do-not-trim",
        "recordingStatusCallback": "/phone/recording?a=b&c",
        "recordingStatusCallbackMethod": "POST",
        "recordingStatusCallbackEvent": "completed absent",
    }


def test_the_end_has_nothing_after_it() -> None:
    assert [verb.tag for verb in document(Hangup(SOUND))] == ["Say", "Hangup"]
