"""`python -m intake_phone reconcile [YYYY-MM-DD]`: by hand what the service does by itself, for one day or all open ones."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import date
from typing import Self

from intake_phone import twiml
from intake_phone.call import Sound
from intake_phone.calls import Calls
from intake_phone.doing import Doing
from intake_phone.reconcile import Reconciler
from intake_phone.settings import Settings
from intake_phone.twilio_api import AwayError, TwilioApi
from speakup import postgres
from speakup.keys import KeyFolder
from speakup.relay import Relay

USAGE = "usage: python -m intake_phone reconcile [YYYY-MM-DD]"


class _Nobody:
    """Nobody is on the line."""

    def within(self, _call_sid: str) -> Self:
        return self

    def sound(self, one: Sound, parent: twiml.Parent) -> None:
        raise AssertionError("nobody hears this")


def main(arguments: Sequence[str], settings: Settings) -> int:
    """Returns the exit status: 0 done, 1 not possible now, 2 asked wrongly."""
    try:
        days = [date.fromisoformat(one) for one in arguments]
    except ValueError:
        _say(USAGE)
        return 2
    if len(days) > 1 or settings.twilio_account_sid is None:
        _say(USAGE if len(days) > 1 else "No account is set: SPEAKUP_TWILIO_ACCOUNT_SID.")
        return 2
    return asyncio.run(_reconcile(settings, days))


async def _reconcile(settings: Settings, days: list[date]) -> int:
    account_sid, auth_token = settings.twilio_account_sid, settings.twilio_auth_token
    if account_sid is None or auth_token is None:
        return 2
    engine = postgres.open_engine(settings.database("phone"))
    keys = KeyFolder(settings.keys_folder)
    # The running service finds in the outbox what is to be published: at once.
    at_once = settings.model_copy(update={"outbox_retry_seconds": 0.0})
    calls = Calls(
        engine=engine,
        relay=Relay("intake-phone", engine, settings, ()),
        doing=Doing(keys),
        call_key=keys.secret("phone-calls"),
        settings=at_once,
        voice=_Nobody(),
    )
    try:
        async with TwilioApi(
            settings.twilio_api_base, account_sid, auth_token.get_secret_value()
        ) as api:
            reconciler = Reconciler(engine, api, calls)
            for day in days or await reconciler.days():
                found = await reconciler.reconcile(day)
                _say(
                    f"{day}: {found.calls} calls, {found.recordings} recordings, "
                    f"{found.added} of them weren't known and are taken in"
                )
    except AwayError as error:
        _say(f"Twilio doesn't answer as it should ({error}): try again later.")
        return 1
    except postgres.UNAVAILABLE:
        _say("The database doesn't answer: try again later.")
        return 1
    finally:
        await engine.dispose()
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
