"""What the routes of letters answer, as models: the OpenAPI document is made of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from intake_mail import store
from intake_mail.draft_rows import Opened
from intake_mail.drafts import Draft, File, FileState, Page, PageState, Unsure
from intake_mail.register import Entry
from speakup.events import Language, Person, Relation
from speakup.i18n import texts
from speakup.problems import MEDIA_TYPE

STALE = timedelta(days=1)


class Answer(BaseModel):
    """Made from values."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class ProblemDetails(Answer):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="What is wrong and what to do about it.")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`."""
    return {
        status: {"model": ProblemDetails, "content": {MEDIA_TYPE: {}}, "description": "Problem"}
        for status in statuses
    }


class Fault(Answer):
    """What is wrong with a file or a page."""

    code: str
    what: str = Field(description="In the reader's language.")


class Progress(Answer):
    """How far a draft has got."""

    pages: int
    waiting: int = Field(description="Files and pages that the machine still works on.")
    check: int = Field(description="Pages that a person must look at.")
    problems: int
    stale: bool = Field(description="Nobody has touched it for a day.")


class LetterLine(Answer):
    """A letter in the register."""

    letter_id: UUID
    number: str = Field(examples=["2026-M-000123"])
    state: str = Field(description="`draft`, `sending`, `sent` or `void`.")
    version: int
    entry: Entry
    sha256: tuple[str, ...] = Field(description="Of each scan, as it came in.")
    created_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None = Field(description="When its case was opened.")
    void_reason: str | None
    progress: Progress | None = None


class Lines(Answer):
    """A page of the register."""

    items: list[LetterLine]
    next: str | None = Field(description="`cursor` of the next page.")


class EntryVersion(Answer):
    """What the register said from some moment on."""

    version: int
    at: datetime
    by: str
    reason: str | None
    entry: Entry


class DraftFile(Answer):
    """A file as it came in."""

    name: str
    sha256: str
    bytes: int
    state: FileState
    problem: Fault | None


class DraftPage(Answer):
    """A page beside its text."""

    page_id: UUID
    state: PageState
    text: str
    unsure: tuple[Unsure, ...]
    width: int
    height: int
    rotation: int
    dropped: bool
    handwritten: bool
    edited: bool
    language: Language | None
    problem: Fault | None


class DraftLetter(Answer):
    """A letter in the making."""

    revision: int
    files: list[DraftFile]
    pages: list[DraftPage]
    language: Language | None
    relation: Relation
    person: Person
    address: str
    wants_no_answer: bool
    quotes: str
    quotes_valid: bool = Field(description="False: it will be a new case.")
    unread: bool


class Letter(LetterLine):
    """A letter with all that there is of it."""

    versions: list[EntryVersion]
    draft: DraftLetter | None


class Taken(Answer):
    """A letter that was entered."""

    letter_id: UUID
    number: str


class TakenLetters(Answer):
    """Letters that were entered."""

    letters: list[Taken]


def line(found: store.Line, opened: Opened | None, now: datetime) -> LetterLine:
    """A line; with the draft's progress where there is one."""
    facts = {name: getattr(found, name) for name in LetterLine.model_fields if name != "progress"}
    stale = found.state == "draft" and now - found.touched_at > STALE
    return LetterLine(**facts, progress=_progress(opened.draft, stale=stale) if opened else None)


def letter(
    found: store.Line,
    versions: list[store.Version],
    opened: Opened | None,
    now: datetime,
    language: Language,
) -> Letter:
    """A letter; its problems in words of that language."""
    return Letter(
        **dict(line(found, opened, now)),
        versions=[EntryVersion.model_validate(one) for one in versions],
        draft=_draft(opened, language) if opened is not None and opened.state == "draft" else None,
    )


def _progress(draft: Draft, *, stale: bool) -> Progress:
    kept = [page for page in draft.pages if not page.dropped]
    files = [file.state for file in draft.files]
    states = [page.state for page in kept]
    bad = (PageState.missing, PageState.unreadable)
    return Progress(
        pages=len(kept),
        waiting=files.count(FileState.waiting) + states.count(PageState.waiting),
        check=sum(
            page.state in (PageState.check, PageState.handwritten) and not page.edited
            for page in kept
        ),
        problems=files.count(FileState.refused) + sum(state in bad for state in states),
        stale=stale,
    )


def _draft(opened: Opened, language: Language) -> DraftLetter:
    draft = opened.draft
    facts = ("language", "relation", "person", "address", "wants_no_answer", "quotes", "unread")
    return DraftLetter(
        revision=opened.revision,
        files=[_file(file, language) for file in draft.files],
        pages=[_page(page, language) for page in draft.pages],
        quotes_valid=draft.follows_up is not None,
        **{name: getattr(draft, name) for name in facts},
    )


def _file(file: File, language: Language) -> DraftFile:
    return DraftFile(
        name=file.name,
        sha256=file.sha256,
        bytes=file.size,
        state=file.state,
        problem=_fault(file.problem, language),
    )


def _page(page: Page, language: Language) -> DraftPage:
    facts = {
        name: getattr(page, name)
        for name in DraftPage.model_fields
        if name not in ("problem", "handwritten")
    }
    return DraftPage(
        **facts, handwritten=page.is_handwritten, problem=_fault(page.problem, language)
    )


def _fault(code: str, language: Language) -> Fault | None:
    return Fault(code=code, what=texts()(language, f"scan.{code}")) if code else None
