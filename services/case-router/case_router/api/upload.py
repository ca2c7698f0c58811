"""Files that staff send, in base64 within JSON; and bodies of megabytes, read off the event loop."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from obstore.exceptions import BaseError
from pydantic import (
    Base64Encoder,
    BaseModel,
    ConfigDict,
    EncodedBytes,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from case_router.api.parts import Parts
from speakup.blobs import close_blob
from speakup.logs import get_logger
from speakup.problems import Problem
from speakup.staff import Staff
from speakup.submission import Attachment

M = TypeVar("M", bound=BaseModel)

log = get_logger("case-router")


class _Base64(Base64Encoder):
    """Python's own leaves out what is no base64, which would send another file than was meant."""

    @classmethod
    def decode(cls, data: bytes) -> bytes:
        """Raises PydanticCustomError."""
        try:
            return b64decode(data, validate=True)
        except ValueError:
            raise PydanticCustomError("base64", "Input should be base64 (RFC 4648, 4)") from None


class Upload(BaseModel):
    """A file."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    name: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f/\\]+$"
        ),
        Field(description="As it will be shown.", examples=["minutes.pdf"]),
    ]
    content_type: Annotated[
        str,
        StringConstraints(
            pattern=r"^[a-zA-Z0-9][a-zA-Z0-9.+-]{0,60}/[a-zA-Z0-9][a-zA-Z0-9.+-]{0,100}$"
        ),
    ] = "application/octet-stream"
    content: Annotated[
        bytes,
        EncodedBytes(encoder=_Base64),
        Field(min_length=1, description="In base64.", examples=["bWludXRlcw=="]),
    ]


async def keep(parts: Parts, uploads: Sequence[Upload]) -> tuple[Attachment, ...]:
    """The files as sealed blobs, on disk before anything tells of them. Raises Problem 503.

    Killed before that, a blob is left that nothing opens any more: its key was nowhere else.
    """
    kept = []
    for file in uploads:
        blob, ciphertext = await asyncio.to_thread(close_blob, file.content)
        try:
            await parts.blobs.put(blob.digest, ciphertext)
        except (OSError, BaseError):
            log.exception("blob_not_kept", digest=blob.digest)
            raise Problem(
                503, "The object store takes no files at the moment; try again later."
            ) from None
        kept.append(Attachment(name=file.name, content_type=file.content_type, blob=blob))
    return tuple(kept)


def large_body(parts: Parts, model: type[M]) -> Any:
    """A dependency: the body, read only from who is signed in. Raises RequestValidationError, Problem 415."""
    reader = Depends(parts.reader())

    async def read(request: Request, _: Staff = reader) -> M:
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Problem(415, "Send it as `application/json`.")
        raw = await request.body()
        try:
            # Megabytes of base64 take a while.
            return await asyncio.to_thread(_read, raw, model)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            raise RequestValidationError(
                [{**one, "loc": ("body", *one["loc"])} for one in found]
            ) from None

    return Depends(read)


def _read(raw: bytes, model: type[M]) -> M:
    """Raises ValidationError, RequestValidationError."""
    try:
        return model.model_validate(json.loads(raw))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise RequestValidationError([{"loc": ("body",), "msg": "This is no JSON."}]) from None


def in_the_docs(model: type[BaseModel]) -> dict[str, Any]:
    """For the `openapi_extra` of a route whose body `large_body` reads."""
    schema = {"schema": model.model_json_schema()}
    return {"requestBody": {"required": True, "content": {"application/json": schema}}}
