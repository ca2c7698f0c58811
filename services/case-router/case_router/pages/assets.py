"""Stylesheet and scripts of the pages, from this machine, and the place where renewing a session ends."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from case_router.pages.desk import Desk
from case_router.pages.session import SignInNeededError, whoever
from speakup.pages import StaticPages
from speakup.problems import Problem

STATIC = Path(__file__).parent / "static"


def add(routes: APIRouter, desk: Desk) -> None:
    """`/cases/static/{name}` and `/cases/alive`."""
    static = StaticPages(STATIC)

    @routes.get("/cases/static/{name}")
    async def asset(request: Request, name: str) -> Response:
        return await static.get_response(name, request.scope)

    @routes.get("/cases/alive")
    async def alive(request: Request) -> Response:
        try:
            whoever(desk.parts.verifier, request)
        except SignInNeededError:
            raise Problem(401, "") from None
        return Response(status_code=204)
