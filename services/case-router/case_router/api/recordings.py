"""What a reporter spoke: in another's voice for whoever works the case; their own only once it is unsealed."""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from case_router.api.answers import problems
from case_router.api.downloads import download
from case_router.api.files import ANSWERS, fetch
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.approving import What
from case_router.recordings import Recorded
from case_router.store import access, amendments, cases, history
from case_router.store.narratives import open_recordings
from speakup.logs import get_logger
from speakup.problems import Problem, not_found
from speakup.sandbox import SandboxError
from speakup.staff import Staff

MASKING = "case_router.voice:mask"
"""For `speakup.sandbox`. Only the child imports it: numpy takes time and memory."""
NO_TELEPHONE_WAV = "NoTelephoneWavError"
"""What it raises for other sound."""

RECORDING = "/cases/{number}/recordings/{recording_id}"

log = get_logger("case-router")


def router(parts: Parts) -> APIRouter:
    """`GET /cases/{number}/recordings/{recording_id}` and `…/original`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())

    @routes.get(
        RECORDING,
        summary="Hear a recording in another's voice",
        response_class=Response,
        responses=ANSWERS | problems(409, 503),
    )
    async def masked(number: Number, recording_id: UUID, staff: Staff = reader) -> Response:
        """A WAV whose pitch and formants were moved; in one case always alike."""
        found = await _find(parts, staff, number, recording_id, "masked")
        sound = await _sound(parts, found.recorded)
        made = await _masked(parts, found.key, sound)
        return download(made, "", f"{number}-{recording_id}-masked.wav")

    @routes.get(
        f"{RECORDING}/original",
        summary="Hear a recording as it was spoken",
        response_class=Response,
        responses=ANSWERS | problems(403),
    )
    async def original(number: Number, recording_id: UUID, staff: Staff = reader) -> Response:
        """A voice tells who somebody is: this needs an approved unsealing."""
        async with parts.engine.begin() as connection:
            if await cases.get(connection, staff, number) is None:
                raise not_found()
            allowed = await access.unsealed(connection, staff, number, What.voice)
            if not allowed:
                await history.note(
                    connection,
                    "recording.refused",
                    [number],
                    account_id=UUID(staff.account_id),
                    subject=f"{recording_id}/original",
                )
        if not allowed:
            raise Problem(
                403,
                "The reporter's own voice is given out only with an approved unsealing of the case "
                f"(`what` voice): POST {PREFIX}/cases/{number}/unsealings. "
                f"Hear the masked copy: GET {PREFIX}/cases/{number}/recordings/{recording_id}.",
            )
        found = await _find(parts, staff, number, recording_id, "original")
        sound = await _sound(parts, found.recorded)
        return download(sound, "", f"{number}-{recording_id}.wav")

    return routes


class _Found(NamedTuple):
    recorded: Recorded
    key: bytes


async def _find(parts: Parts, staff: Staff, number: str, recording_id: UUID, what: str) -> _Found:
    """A recording, its reading noted. Raises Problem 404, 410."""
    async with parts.engine.begin() as connection:
        case = await cases.get(connection, staff, number)
        rows = await amendments.of_case(connection, number) if case is not None else []
        if not rows:
            raise not_found()
        key = await parts.vault.key_of(number)
        if key is None:
            raise Problem(410, "The case was erased, and its recordings with it.")
        recorded = pick(open_recordings(key, rows), recording_id)
        await history.note(
            connection,
            "recording.read",
            [number],
            account_id=UUID(staff.account_id),
            subject=f"{recording_id}/{what}",
        )
    return _Found(recorded, key)


def pick(recordings: list[Recorded], recording_id: UUID) -> Recorded:
    """That one of them. Raises Problem 404."""
    for recorded in recordings:
        if recorded.recording.recording_id == recording_id:
            return recorded
    raise not_found()


async def _sound(parts: Parts, recorded: Recorded) -> bytes:
    if recorded.recording.blob is None:
        reason = "can't be had" if recorded.missing else "isn't here yet"
        raise Problem(409, f"The audio of this recording {reason}.")
    return await fetch(parts, recorded.recording.blob)


async def _masked(parts: Parts, case_key: bytes, sound: bytes) -> bytes:
    # By the case's key: in one case a person sounds like the same one, and nobody else knows how.
    seed = hmac.digest(case_key, b"voice", hashlib.sha256)
    try:
        return await parts.masking.run(seed + sound)
    except SandboxError as error:
        if str(error) == NO_TELEPHONE_WAV:
            raise Problem(
                409,
                "The voice in this recording can't be masked: it is no telephone WAV (8,000 samples a "
                "second, PCM or mu-law).",
            ) from None
        log.warning("voice_unmasked", reason=str(error))
        raise Problem(
            503, "The voice couldn't be masked just now. Try again in a minute, or tell the admin."
        ) from None
