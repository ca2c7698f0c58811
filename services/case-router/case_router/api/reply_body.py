"""What a handler says to a reporter, as it is posted: text, files, whether as a PDF."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import (
    Base64Encoder,
    BaseModel,
    ConfigDict,
    EncodedBytes,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from case_router.api.parts import Parts
from speakup.problems import Problem
from speakup.staff import Staff
from speakup.submission import REPLY_BYTES, REPLY_FILES

BODY_BYTES = REPLY_BYTES * 4 // 3 + 1024 * 1024
"""Of the request: files in base64, and the text."""

PATH = r"/api/v1/cases/\d{10}/replies"


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
    """A file that goes with a reply."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    name: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f/\\]+$"
        ),
        Field(description="As the reporter will see it."),
    ]
    content_type: Annotated[
        str,
        StringConstraints(
            pattern=r"^[a-zA-Z0-9][a-zA-Z0-9.+-]{0,60}/[a-zA-Z0-9][a-zA-Z0-9.+-]{0,100}$"
        ),
    ] = "application/octet-stream"
    content: Annotated[
        bytes, EncodedBytes(encoder=_Base64), Field(min_length=1, description="In base64.")
    ]


_LINE = r"^[^\x00-\x1f\x7f\u2028\u2029]*$"


class ReplyBody(BaseModel):
    """What to say."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        extra="forbid",
        json_schema_extra={
            "example": {"purpose": "question", "text": "Which warehouse do you mean?"}
        },
    )

    purpose: Literal["question", "answer"]
    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000),
        Field(description="In the reporter's language; sent as it is."),
    ]
    attachments: Annotated[
        list[Upload],
        Field(max_length=REPLY_FILES, description=f"At most {REPLY_BYTES >> 20} MiB in all."),
    ] = []
    as_pdf: bool = Field(
        default=False,
        description="Send the text as a numbered and dated PDF, too; by post, as a letter that is one. For an "
        "explanation: `answer` only, with `signatory` and `provision`.",
    )
    signatory: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=200, pattern=_LINE),
        Field(
            description="Who signs the explanation.", examples=["A. Ospanova, compliance officer"]
        ),
    ] = ""
    provision: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=500, pattern=_LINE),
        Field(description="What the explanation rests on.", examples=["Code of Conduct, 4.2"]),
    ] = ""

    @model_validator(mode="after")
    def _fits(self) -> ReplyBody:
        if sum(len(file.content) for file in self.attachments) > REPLY_BYTES:
            raise ValueError(f"attachments are larger than {REPLY_BYTES >> 20} MiB in all")
        if self.as_pdf and self.purpose != "answer":
            raise ValueError("only an answer goes out as a PDF")
        if self.as_pdf and not (self.signatory and self.provision):
            raise ValueError("a PDF names its `signatory` and the `provision` that it cites")
        if (self.signatory or self.provision) and not self.as_pdf:
            raise ValueError("`signatory` and `provision` are for a PDF: set `as_pdf`, too")
        return self


def _read(raw: bytes) -> ReplyBody:
    """Raises ValidationError, RequestValidationError."""
    try:
        return ReplyBody.model_validate(json.loads(raw))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise RequestValidationError([{"loc": ("body",), "msg": "This is no JSON."}]) from None


def reply_body(parts: Parts) -> Any:
    """A dependency: the body, read only from who is signed in. Raises RequestValidationError, Problem 415."""
    reader = Depends(parts.reader())

    async def read(request: Request, _: Staff = reader) -> ReplyBody:
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Problem(415, "Send the reply as `application/json`.")
        raw = await request.body()
        try:
            # Megabytes of base64 take a while.
            return await asyncio.to_thread(_read, raw)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            raise RequestValidationError(
                [{**one, "loc": ("body", *one["loc"])} for one in found]
            ) from None

    return Depends(read)


IN_THE_DOCS = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ReplyBody.model_json_schema()}},
    }
}
"""For the route's `openapi_extra`."""
