"""Letters that aren't sent yet: what is in them lies locked under a key of each letter's own, which goes when it is sent.

The keys are wrapped under the secret `mail-drafts`: who has the database alone reads nothing, and of a letter
that was sent nobody reads anything here.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from speakup import seal
from speakup.case_number import is_valid
from speakup.events import Frozen, Language, Person, Relation
from speakup.submission import Blob

SECRET = "mail-drafts"  # noqa: S105 - its name


class PageState(StrEnum):
    """How far a page has got."""

    waiting = "waiting"
    """To be read by the machine."""
    read = "read"
    check = "check"
    """Read, and a person must look."""
    handwritten = "handwritten"
    """Its text is typed by a person, or left to whoever works the case."""
    unreadable = "unreadable"
    """No machine could read it, `problem` says why."""
    missing = "missing"
    """It couldn't be opened, so there is no picture; `problem` says why."""


class Unsure(Frozen):
    """A word of a page's text that the machine may have misread."""

    start: int
    end: int
    """Characters of the text: `text[start:end]`."""
    box: tuple[int, int, int, int]
    """Left, top, width, height in pixels of the picture, once turned by the page's `rotation`."""


class Page(Frozen):
    """A page as it was rebuilt from pixels, and what is read on it."""

    page_id: UUID
    file_id: UUID
    blob: Blob | None = None
    """The picture, a PNG; None of a page that is missing."""
    width: int = 0
    height: int = 0
    """Of the picture, in pixels."""
    state: PageState = PageState.waiting
    problem: str = ""
    """The name of a text (`scan.<problem>`)."""
    text: str = ""
    unsure: tuple[Unsure, ...] = ()
    rotation: int = 0
    """Degrees, clockwise, by which it is turned to be upright."""
    turned: bool = False
    """A person said how it is upright."""
    language: Language | None = None
    """That a person wants it read in; None: in all three."""
    asked: int = 0
    """Counts the readings that were asked for: what an earlier one finds is late."""
    dropped: bool = False
    edited: bool = False
    """The text is a person's."""

    @property
    def is_handwritten(self) -> bool:
        """As a person said, or the machine."""
        return self.state is PageState.handwritten


class FileState(StrEnum):
    """How far a file has got."""

    waiting = "waiting"
    opened = "opened"
    refused = "refused"


class Work(StrEnum):
    """What a machine does with letters."""

    open = "open"
    read = "read"
    send = "send"


class File(Frozen):
    """A file as it came in: the untouched original."""

    file_id: UUID
    name: str
    content_type: str
    sha256: str
    """Of the file, in hex."""
    size: int
    blob: Blob | None
    """None once its pages belong to several letters: it is then kept for the auditors (`scans.original`), since
    whoever works one case must not read another reporter's letter."""
    state: FileState = FileState.waiting
    problem: str = ""


class Draft(Frozen):
    """A letter in the making."""

    files: tuple[File, ...] = ()
    pages: tuple[Page, ...] = ()
    language: Language | None = None
    relation: Relation = Relation.unknown
    person: Person = Person.unknown
    address: str = Field(default="", max_length=1000)
    """Where the reporter can be written to, line by line; empty: nowhere."""
    wants_no_answer: bool = False
    quotes: str = Field(default="", max_length=40)
    """The case number that the letter quotes, as it stands there."""
    unread: bool = False
    """Passed on as it is: whoever works the case reads the pages."""

    @property
    def follows_up(self) -> str | None:
        """The case that the letter quotes; None where the number doesn't check: then it is a new case."""
        number = "".join(self.quotes.split()).replace("-", "")
        return number if is_valid(number) else None

    @property
    def kept(self) -> tuple[Page, ...]:
        """The pages that go with the letter."""
        return tuple(page for page in self.pages if not page.dropped and page.blob is not None)

    @property
    def work(self) -> Work | None:
        """What a machine has to do with it next."""
        if any(file.state is FileState.waiting for file in self.files):
            return Work.open
        if any(page.state is PageState.waiting and not page.dropped for page in self.pages):
            return Work.read
        return None

    @property
    def digests(self) -> set[str]:
        """Of all blobs that it holds."""
        blobs = [*(page.blob for page in self.pages), *(file.blob for file in self.files)]
        return {blob.digest for blob in blobs if blob is not None}


def wrap(key_of_all: bytes, letter_id: UUID, key: bytes) -> bytes:
    """The letter's key as the table keeps it."""
    return seal.lock(key_of_all, key, f"speakup/draft-key/{letter_id}")


def unwrap(key_of_all: bytes, letter_id: UUID, wrapped: bytes) -> bytes:
    """What `wrap` wrapped. Raises seal.CannotOpenError."""
    return seal.unlock(key_of_all, wrapped, f"speakup/draft-key/{letter_id}")


def lock(key: bytes, letter_id: UUID, draft: Draft) -> bytes:
    """As the table keeps it."""
    return seal.lock(key, draft.model_dump_json().encode(), f"speakup/draft/{letter_id}")


def unlock(key: bytes, letter_id: UUID, locked: bytes) -> Draft:
    """What `lock` locked. Raises seal.CannotOpenError."""
    return Draft.model_validate_json(seal.unlock(key, locked, f"speakup/draft/{letter_id}"))
