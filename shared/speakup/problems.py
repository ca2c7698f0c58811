"""Errors of the HTTP APIs: RFC 9457 problem details, in words that a person can act on."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from speakup.logs import get_logger
from speakup.postgres import UNAVAILABLE

MEDIA_TYPE = "application/problem+json"

log = get_logger("web")


class Problem(HTTPException):
    """An error with a detail that says what to do about it. Never put a reporter's word into it."""

    def __init__(
        self, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: object
    ) -> None:
        super().__init__(status, detail, headers)
        self.more = more


def not_found() -> Problem:
    """The same answer for what isn't there and for what one may not see."""
    return Problem(404, "There is no such thing here, or you may not see it.")


def too_large(limit: int) -> JSONResponse:
    """The answer to a body beyond the limit (bytes)."""
    return _response(413, too_large_detail(limit))


def too_large_detail(limit: int) -> str:
    """In words."""
    return f"The request is larger than {limit // 1024} KiB; send less."


def _response(
    status: int, detail: str, headers: dict[str, str] | None = None, **more: object
) -> JSONResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return JSONResponse(
        body | {"detail": detail} | more, status, headers=headers, media_type=MEDIA_TYPE
    )


async def _http(_request: Request, error: Exception) -> JSONResponse:
    error = cast("HTTPException", error)
    more = error.more if isinstance(error, Problem) else {}
    detail = error.detail
    if error.status_code == 404 and not isinstance(error, Problem):
        detail = not_found().detail
    return _response(error.status_code, detail, dict(error.headers or {}), **more)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    error = cast("RequestValidationError", error)
    # Where and what, never the input: it may be a reporter's word.
    errors = [
        {"where": ".".join(str(part) for part in found["loc"]), "what": found["msg"]}
        for found in error.errors()
    ]
    return _response(422, "Some of the request's values don't fit; see `errors`.", errors=errors)


async def _unexpected(_request: Request, error: Exception) -> JSONResponse:
    log.error("request_failed", exc_info=error)
    return _response(
        500, "Something failed on our side; nothing was changed. Try again, or tell the admin."
    )


async def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    log.warning("request_unavailable", exc_info=error)
    return _response(
        503,
        "A part of the system is away; nothing was changed. Try again in a minute.",
        {"Retry-After": "30"},
    )


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, _unavailable)
    app.add_exception_handler(Exception, _unexpected)
