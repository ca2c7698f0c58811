"""A turn of the dialogue as a TwiML document, by Twilio's own library.

Each turn comes back to `action`: with `Digits`, with a recording, or (Redirect) with neither, which means that
nothing was pressed or said. https://www.twilio.com/docs/voice/twiml
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from twilio.twiml.voice_response import Gather as GatherVerb
from twilio.twiml.voice_response import VoiceResponse

from intake_phone.call import Gather, Hangup, Record, Sound, Turn, Wait

Parent: TypeAlias = VoiceResponse | GatherVerb
"""What `say` and `play` can be called on."""


def render(
    turn: Turn, *, sound: Callable[[Sound, Parent], None], action: str, recording: str
) -> str:
    """The document. `sound` appends a sound to its parent, as Say or Play.

    `action`: where the call goes on (POST). `recording`: told when a recording is there or is known to be absent.
    """
    response = VoiceResponse()
    if isinstance(turn, Gather):
        _gather(response, turn, sound, action)
    else:
        for one in turn.sounds:
            sound(one, response)
    match turn:
        case Record():
            response.record(
                action=action,
                method="POST",
                timeout=turn.silence,
                max_length=turn.seconds,
                finish_on_key="#",
                play_beep=True,
                trim="do-not-trim",
                recording_status_callback=recording,
                recording_status_callback_method="POST",
                recording_status_callback_event="completed absent",
            )
        case Wait():
            response.pause(length=turn.seconds)
        case Hangup():
            response.hangup()
    if not isinstance(turn, Hangup):
        response.redirect(action, method="POST")
    return str(response)


def _gather(
    response: VoiceResponse, turn: Gather, sound: Callable[[Sound, Parent], None], action: str
) -> None:
    gather = response.gather(
        input="dtmf",
        action=action,
        method="POST",
        num_digits=turn.digits,
        timeout=turn.seconds,
        # Empty: `#` is a key like others.
        finish_on_key=turn.finish,
    )
    for one in turn.sounds:
        sound(one, gather)
