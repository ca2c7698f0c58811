"""The register of letters: what is noted of each when it is opened, and how it is numbered. Pure.

Numbers have no gaps within a year, so that a letter which vanished would leave one. The year is that of the day on
which the letter came.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

OLDEST = timedelta(days=366)
"""A letter that came longer ago is a slip of the keyboard."""

_NUMBER = re.compile(r"(\d{4})-M-(\d{6})")


def number(year: int, place: int) -> str:
    """`2026-M-000123`: of the `place`-th letter (from 1) of a year."""
    return f"{year}-M-{place:06d}"


def parse_number(text: str) -> tuple[int, int] | None:
    """Year and place, or None where it is no number of the register."""
    found = _NUMBER.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def one_line(text: str) -> str:
    """Printed in the register, and read by people: nothing that moves the cursor or turns text round."""
    if not text.isprintable():
        raise ValueError("only letters, digits, signs and spaces can stand here")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(one_line)
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(one_line),
]
Why = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=500),
    AfterValidator(one_line),
]
"""The reason of a correction, or of a number without a letter."""


class Entry(BaseModel):
    """What the register says of one letter."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    received_on: date = Field(description="The day on which the letter came.")
    postmarked_on: date | None = None
    registered_mail_number: Line = Field(default="", description="Of a registered letter.")
    envelope: bool = Field(default=True, description="There was an envelope.")
    seal_intact: bool = Field(default=True, description="It came closed.")
    enclosures: Line = Field(default="", description="What lay in it beside the letter.")
    opened_by: Name
    witnessed_by: Name = Field(description="Who was present when it was opened.")
    storage_place: Line = Field(default="", description="Where the paper is kept.")

    @model_validator(mode="after")
    def _two_people(self) -> Self:
        if self.opened_by.casefold() == self.witnessed_by.casefold():
            raise ValueError("a letter is opened by one person in the presence of another")
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.postmarked_on is not None and self.postmarked_on > self.received_on:
            raise ValueError("a letter can't be postmarked after it came")
        return self


def require_believable(entry: Entry, today: date) -> None:
    """Raises ValueError, in words for a person, where the day of receipt can't be right."""
    if entry.received_on > today:
        raise ValueError("the day on which the letter came is in the future")
    if entry.received_on < today - OLDEST:
        raise ValueError("the day on which the letter came is more than a year ago")
