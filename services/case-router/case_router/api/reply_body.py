"""What a handler says to a reporter, as it is posted: text, files, whether as a PDF."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from case_router.api.upload import Upload
from speakup.submission import REPLY_BYTES, REPLY_FILES

BODY_BYTES = REPLY_BYTES * 4 // 3 + 1024 * 1024
"""Of the request: files in base64, and the text."""

PATH = r"/api/v1/cases/\d{10}/replies"


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
