"""Letters come in: files, and what the register says of them."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from intake_mail import pile, register
from intake_mail.api import uploads
from intake_mail.api.answers import TakenLetters, problems
from intake_mail.api.desk_parts import IN_THE_DOCS, PREFIX, DeskParts
from intake_mail.register import Entry
from intake_mail.taking import CannotLookError, NoDraftError, RefusedError
from intake_mail.taking import Request as Taking
from speakup.i18n import language_of
from speakup.idempotency import OtherRequestError
from speakup.problems import Problem, not_found
from speakup.staff import Staff

IdempotencyKey = Annotated[
    str,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Of your choice; the same request with the same key acts once.",
    ),
]


def router(parts: DeskParts) -> APIRouter:
    """`POST /api/v1/letters`, and files for one that is there."""
    routes = APIRouter(prefix=PREFIX, tags=["letters"], dependencies=[IN_THE_DOCS])
    clerk = Depends(parts.clerk())

    @routes.post(
        "",
        summary="Bring letters in",
        status_code=201,
        response_model=TakenLetters,
        responses=problems(400, 401, 404, 408, 413, 415, 422, 503),
        openapi_extra=_form(with_entry=True),
    )
    async def take(
        request: Request, idempotency_key: IdempotencyKey, staff: Staff = clerk
    ) -> Response:
        """Each file begins a letter, or with `together` all are one; a scan of several letters is split at its
        separator sheets. What the form doesn't say of the entry is taken from the pile's defaults.
        """
        async with uploads.form(request) as form:
            files, fields = await uploads.uploads(form), uploads.fields(form)
            together = fields.pop("together", "false").lower() in ("true", "1", "on")
            async with parts.parts.engine.connect() as connection:
                defaults, _ = await pile.get(connection)
            entry = _entry(defaults, fields, parts.today())
            # What the request says itself: the pile's defaults may have changed before it is repeated.
            about = json.dumps([sorted(fields.items()), together])
            with _Told(request):
                taken = await parts.taking.letters(
                    files,
                    entry,
                    Taking(staff, idempotency_key, about),
                    together=together,
                    language=defaults.language,
                )
        return JSONResponse({"letters": taken}, 201)

    @routes.post(
        "/{letter_id}/scans",
        summary="Add files to a letter",
        response_model=TakenLetters,
        responses=problems(400, 401, 404, 408, 413, 415, 422, 503),
        openapi_extra=_form(with_entry=False),
    )
    async def add(
        request: Request, letter_id: UUID, idempotency_key: IdempotencyKey, staff: Staff = clerk
    ) -> Response:
        """Pages that were missing, or a better scan."""
        async with uploads.form(request) as form:
            files = await uploads.uploads(form)
            with _Told(request):
                taken = await parts.taking.add(
                    letter_id, files, Taking(staff, idempotency_key, str(letter_id))
                )
        return JSONResponse({"letters": taken}, 200)

    return routes


def _entry(defaults: pile.Defaults, fields: dict[str, Any], today: date) -> Entry:
    known = defaults.model_dump(exclude={"language"}, exclude_none=True)
    return validated({name: value for name, value in known.items() if value != ""} | fields, today)


def validated(values: dict[str, Any], today: date) -> Entry:
    """An entry that can be believed. Raises RequestValidationError."""
    try:
        entry = Entry.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in found]
        ) from None
    try:
        register.require_believable(entry, today)
    except ValueError as error:
        where = ("body", "received_on")
        raise RequestValidationError([{"loc": where, "msg": str(error)}]) from None
    return entry


class _Told:
    """What was not taken, as a problem."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raises Problem."""
        match error:
            case RefusedError():
                raise uploads.refusal(error, language_of(self._request)) from None
            case NoDraftError():
                raise not_found() from None
            case OtherRequestError():
                raise Problem(
                    422, "This `Idempotency-Key` was used for another request; take a new one."
                ) from None
            case CannotLookError():
                raise Problem(
                    503,
                    "No scan can be opened at the moment; nothing was taken. Try again in a minute.",
                    headers={"Retry-After": "30"},
                ) from None


def _form(*, with_entry: bool) -> dict[str, Any]:
    """The multipart body for the OpenAPI document: it is read as it comes, not by FastAPI."""
    file = {"type": "string", "format": "binary"}
    properties: dict[str, Any] = {"files": {"type": "array", "items": file, "minItems": 1}}
    if with_entry:
        properties["together"] = {"type": "boolean", "default": False}
        properties |= Entry.model_json_schema()["properties"]
    schema = {"type": "object", "required": ["files"], "properties": properties}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
