"""Files as a form brings them: held in memory, since a file on disk would be a letter that anybody can read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from intake_mail.opening import MAX_BYTES
from intake_mail.taking import RefusedError, Upload
from speakup.events import Language
from speakup.i18n import texts
from speakup.problems import Problem

FILES = 50
BODY_BYTES = MAX_BYTES + 10 * 2**20
"""Of a request: one file of the largest size, or several smaller ones, and the fields."""
BODIES = {r"/api/v1/letters(/[0-9a-f-]{36}/scans)?": BODY_BYTES}
"""For `Service.bodies`."""
AT_A_TIME = 2
"""Requests with files that are in memory."""

SECONDS = 300.0
"""In which a request with files must have come: who is cut off in the middle must not keep others out."""

_room = asyncio.Semaphore(AT_A_TIME)


class _InMemory(MultiPartParser):
    spool_max_size = BODY_BYTES + 1
    max_part_size = 16 * 1024


@asynccontextmanager
async def form(request: Request) -> AsyncIterator[FormData]:
    """The form, its files closed afterwards. Raises Problem 415 or 400."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Problem(415, "Send the letter as `multipart/form-data`.")
    async with _room:
        parser = _InMemory(request.headers, request.stream(), max_files=FILES, max_fields=40)
        try:
            async with asyncio.timeout(SECONDS):
                found = await parser.parse()
        except TimeoutError:
            raise Problem(408, "The files took too long to come. Send fewer at a time.") from None
        except (MultiPartException, KeyError, ValueError):
            raise Problem(
                400,
                f"The form can't be read: at most {FILES} files, and no other part over 16 KiB.",
            ) from None
        try:
            yield found
        finally:
            await found.close()


async def uploads(found: FormData) -> list[Upload]:
    """Its files. Raises RequestValidationError where there is none."""
    files = [one for one in found.getlist("files") if isinstance(one, UploadFile)]
    if not files:
        raise RequestValidationError([{"loc": ("body", "files"), "msg": "No file was sent."}])
    taken = []
    for one in files:
        taken.append(Upload(one.filename or "", await one.read()))
        # Not in memory twice.
        await one.close()
    return taken


def fields(found: FormData) -> dict[str, Any]:
    """Its other parts; an empty one is left out."""
    return {
        name: value
        for name, value in found.multi_items()
        if name != "files" and isinstance(value, str) and value != ""
    }


def refusal(error: RefusedError, language: Language) -> Problem:
    """What is wrong with which file, in words."""
    return Problem(
        422,
        "Nothing was taken: some of the files can't be scans of a letter; see `errors`.",
        errors=[
            {"file": position, "code": code, "what": texts()(language, f"scan.{code}")}
            for position, code in error.problems
        ],
    )
