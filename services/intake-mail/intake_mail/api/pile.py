"""What holds for the next letters, and what lies in the watched folder."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import Field

from intake_mail import pile
from intake_mail.api.answers import Answer, problems
from intake_mail.api.desk_parts import IN_THE_DOCS, PREFIX, DeskParts
from intake_mail.pile import Defaults
from speakup.problems import Problem
from speakup.staff import Staff


class WatchedFolder(Answer):
    """Where a network scanner drops files."""

    watched: bool = Field(description="False also while it can't be read.")
    waiting: int = 0
    refused: int = 0


class PileAnswer(Defaults):
    """The defaults, and the folder."""

    folder: WatchedFolder


def router(parts: DeskParts) -> APIRouter:
    """`/defaults`."""
    routes = APIRouter(prefix=PREFIX, tags=["letters"], dependencies=[IN_THE_DOCS])
    clerk = Depends(parts.clerk())

    async def told(defaults: Defaults) -> PileAnswer:
        folder = WatchedFolder(watched=False)
        if parts.folder is not None:
            counts = await parts.folder.counts()
            if counts is not None:
                folder = WatchedFolder(watched=True, waiting=counts.waiting, refused=counts.refused)
        return PileAnswer(**defaults.model_dump(), folder=folder)

    @routes.get("/defaults", summary="The pile's defaults", responses=problems(401, 404, 503))
    async def get(_: Staff = clerk) -> PileAnswer:
        """What holds for the next letters. The watched folder is taken once today's are set."""
        async with parts.parts.engine.connect() as connection:
            defaults, _by = await pile.get(connection)
        return await told(defaults)

    @routes.put(
        "/defaults", summary="Set the pile's defaults", responses=problems(401, 404, 422, 503)
    )
    async def put(defaults: Defaults, staff: Staff = clerk) -> PileAnswer:
        """Once for all letters that are opened today by the same two people."""
        if defaults.received_on is not None and defaults.received_on > parts.today():
            raise Problem(422, "The day on which the letters came is in the future.")
        async with parts.parts.engine.begin() as connection:
            await pile.put(connection, defaults, staff)
        return await told(defaults)

    return routes
