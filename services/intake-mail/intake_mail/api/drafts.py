"""Drafts: a letter is looked at, corrected, divided, and sent."""

from __future__ import annotations

from typing import Annotated
from unicodedata import category
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from intake_mail.api import found
from intake_mail.api.answers import Letter, Taken, problems
from intake_mail.api.desk_parts import IN_THE_DOCS, PREFIX, DeskParts
from intake_mail.desk import ChangedMeanwhileError, GoneError, NotNowError
from intake_mail.register import Why
from speakup.events import Language, Person, Relation
from speakup.i18n import language_of, texts
from speakup.problems import Problem, not_found
from speakup.staff import Staff


def on_paper(text: str) -> str:
    """Without signs that no paper bears: what controls a terminal, or is half a character."""
    return "".join(one for one in text if one in "\n\t" or category(one) not in ("Cc", "Cs"))


OnPaper = AfterValidator(on_paper)


class Body(BaseModel):
    """What a request brings."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class DraftChange(Body):
    """What is known of the letter; what isn't named stays."""

    language: Language | None = None
    relation: Relation = Relation.unknown
    person: Person = Person.unknown
    address: Annotated[str, StringConstraints(max_length=1000), OnPaper] = Field(
        default="", description="Line by line. It is sealed apart from what the letter says."
    )
    wants_no_answer: bool = False
    quotes: Annotated[str, StringConstraints(max_length=40), OnPaper] = Field(
        default="", description="The case number that the letter quotes."
    )
    unread: bool = Field(default=False, description="Passed on for a handler to read.")


class SplitAt(Body):
    """The first page of the next letter."""

    page_id: UUID


class JoinTo(Body):
    """The letter whose pages these are."""

    into: UUID


class Void(Body):
    """Why there is no letter."""

    reason: Why


def router(parts: DeskParts) -> APIRouter:
    """What is done with one letter."""
    routes = APIRouter(prefix=PREFIX, tags=["letters"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())
    told = problems(401, 403, 404, 409, 412, 422, 503)

    @routes.get(
        "/{letter_id}",
        summary="A letter",
        response_model=Letter,
        responses=problems(401, 403, 404, 503),
    )
    async def get(request: Request, letter_id: UUID, _: Staff = reader) -> Response:
        """Its register entry in all versions and, until it is sent, its draft."""
        return await found.shown(parts, request, letter_id)

    @routes.patch("/{letter_id}/draft", summary="Note facts", response_model=Letter, responses=told)
    async def change(
        request: Request, letter_id: UUID, body: DraftChange, _: Staff = reader
    ) -> Response:
        """With `If-Match` only while nobody else has changed the draft."""
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        with Told(request):
            await parts.desk.change(letter_id, changes, revision=found.matched(request))
        return await found.shown(parts, request, letter_id)

    @routes.post(
        "/{letter_id}/split",
        summary="Split a letter",
        status_code=201,
        response_model=Taken,
        responses=told,
    )
    async def split(request: Request, letter_id: UUID, at: SplitAt, _: Staff = reader) -> Response:
        """From this page on it is a letter of its own, with a number of its own."""
        with Told(request):
            made, number = await parts.desk.split(letter_id, at.page_id)
        return JSONResponse({"letter_id": str(made), "number": number}, 201)

    @routes.post(
        "/{letter_id}/join", summary="Join it to another", response_model=Letter, responses=told
    )
    async def join(request: Request, letter_id: UUID, to: JoinTo, _: Staff = reader) -> Response:
        """Its pages go to the end of that letter; its number stays in the register, as void."""
        with Told(request):
            await parts.desk.join(letter_id, to.into)
        return await found.shown(parts, request, to.into)

    @routes.post(
        "/{letter_id}/void", summary="Entered in error", response_model=Letter, responses=told
    )
    async def void(request: Request, letter_id: UUID, body: Void, _: Staff = reader) -> Response:
        """Its number stays in the register, with the reason; its pages are destroyed."""
        with Told(request):
            await parts.desk.void(letter_id, body.reason)
        return await found.shown(parts, request, letter_id)

    @routes.post("/{letter_id}/send", summary="Send it", response_model=Letter, responses=told)
    async def send(request: Request, letter_id: UUID, _: Staff = reader) -> Response:
        """It becomes a case. From then on the mailroom sees its register line and nothing else."""
        with Told(request):
            await parts.desk.send(letter_id)
        return await found.shown(parts, request, letter_id)

    return routes


class Told:
    """The desk's errors as problems."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raises Problem."""
        if isinstance(error, GoneError):
            raise not_found() from None
        if isinstance(error, ChangedMeanwhileError):
            raise found.changed() from None
        if isinstance(error, NotNowError):
            what = texts()(language_of(self._request), f"desk.{error.why}")
            raise Problem(409, what, code=error.why) from None
