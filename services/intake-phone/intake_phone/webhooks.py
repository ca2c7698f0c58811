"""Twilio's webhooks, `/phone/…`. Nothing of a call's number goes any further than this file.

A caller on the line always gets TwiML: where we can't go on, it says so in three languages and names the other
channels. Twilio waits for 15 s.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping

from fastapi import APIRouter, Request, Response
from prometheus_client import Counter

from intake_phone.call import Happening, Pressed, Recorded, Started
from intake_phone.calls import UNAVAILABLE, Calls
from intake_phone.sids import CALL_SID, RECORDING_SID
from intake_phone.signature import NotSignedError, Signed
from intake_phone.twilio_api import OVER
from speakup.logs import get_logger
from speakup.problems import Problem, not_found

WEBHOOKS = Counter("speakup_phone_webhooks", "Webhooks of calls", ["about", "outcome"])

ANSWER_SECONDS = 8.0

BODIES = {r"/phone/(voice|status|turn/\d+|recording/\d+)": 64 * 1024}

NOT_CONNECTED = (
    "The phone isn't connected: set SPEAKUP_TWILIO_ACCOUNT_SID and SPEAKUP_TWILIO_AUTH_TOKEN "
    "(docs/phone.md)."
)

log = get_logger("intake-phone")

_NO_AUDIO = ("absent", "failed")
_KEYS = re.compile(r"[0-9*#]{1,32}")


def not_connected() -> APIRouter:
    """Says what is missing."""
    router = APIRouter(prefix="/phone", include_in_schema=False)

    @router.post("/{rest:path}")
    async def refuse(rest: str) -> None:
        raise Problem(503, NOT_CONNECTED)

    return router


def router(calls: Calls, signed: Signed, account_sid: str) -> APIRouter:
    """The routes."""
    webhooks = _Webhooks(calls, signed, account_sid)
    router = APIRouter(prefix="/phone", include_in_schema=False)
    for path, endpoint in (
        ("/voice", webhooks.voice),
        ("/turn/{n}", webhooks.turn),
        ("/recording/{n}", webhooks.recording),
        ("/status", webhooks.status),
    ):
        router.add_api_route(path, endpoint, methods=["POST"])
    return router


class _Webhooks:
    """What each does. Raises Problem."""

    def __init__(self, calls: Calls, signed: Signed, account_sid: str) -> None:
        self._calls, self._signed, self._account_sid = calls, signed, account_sid

    async def voice(self, request: Request) -> Response:
        return await self._on_the_line(request, 0)

    async def turn(self, request: Request, n: str) -> Response:
        return await self._on_the_line(request, _turn(n))

    async def recording(self, request: Request, n: str) -> Response:
        call_sid, said = await self._read(request)
        recorded, status, turn = _recorded(said), said.get("RecordingStatus"), _turn(n)
        if recorded is None or status not in ("completed", *_NO_AUDIO):
            # A word that we didn't ask for, such as `in-progress`.
            return Response(status_code=204)
        return await _take(
            "recording",
            self._calls.told_of_recording(call_sid, turn, recorded, absent=status in _NO_AUDIO),
        )

    async def status(self, request: Request) -> Response:
        call_sid, said = await self._read(request)
        if said.get("CallStatus") not in OVER:
            return Response(status_code=204)
        return await _take("status", self._calls.ended(call_sid, _seconds(said, "CallDuration")))

    async def _on_the_line(self, request: Request, n: int) -> Response:
        call_sid, said = await self._read(request)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                document = await self._calls.goes_on(call_sid, n, _happening(n, said))
            WEBHOOKS.labels("turn", "answered").inc()
        except Exception:
            # Whatever it is, somebody is listening.
            log.exception("call_not_answered")
            WEBHOOKS.labels("turn", "unavailable").inc()
            document = self._calls.document(UNAVAILABLE, n + 1)
        return Response(document, media_type="text/xml")

    async def _read(self, request: Request) -> tuple[str, Mapping[str, str]]:
        """The call, and what is told of it."""
        try:
            said = await self._signed.parameters(request)
        except NotSignedError:
            WEBHOOKS.labels("unknown", "refused").inc()
            raise Problem(403, "The signature of this request is missing or wrong.") from None
        call_sid = said.get("CallSid", "")
        if said.get("AccountSid") != self._account_sid or not CALL_SID.fullmatch(call_sid):
            raise Problem(400, "This is no call of the account that is set.")
        return call_sid, said


async def _take(about: str, doing: Awaitable[None]) -> Response:
    """A callback, which nobody listens to.

    One that can't be taken is answered like any other, since Twilio writes the whole request with the caller's
    number into its error log, for 30 days; reconciling finds what is lost here.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await doing
        WEBHOOKS.labels(about, "answered").inc()
    except Exception:
        log.exception("callback_not_taken", kind=about)
        WEBHOOKS.labels(about, "unavailable").inc()
    return Response(status_code=204)


def _turn(n: str) -> int:
    """Of a call. Raises Problem."""
    if not re.fullmatch(r"[0-9]{1,4}", n):
        raise not_found()
    return int(n)


def _happening(n: int, said: Mapping[str, str]) -> Happening:
    recorded = _recorded(said)
    if recorded is not None:
        return recorded
    return Pressed(_digits(said)) if n else Started()


def _recorded(said: Mapping[str, str]) -> Recorded | None:
    sid = said.get("RecordingSid", "")
    if not RECORDING_SID.fullmatch(sid):
        return None
    digits = said.get("Digits", "")
    return Recorded(
        sid,
        _seconds(said, "RecordingDuration") or 0,
        "hangup" if digits == "hangup" else _digits(said),
    )


def _digits(said: Mapping[str, str]) -> str:
    digits = said.get("Digits", "")
    return digits if _KEYS.fullmatch(digits) else ""


def _seconds(said: Mapping[str, str], name: str) -> int | None:
    text = said.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None
