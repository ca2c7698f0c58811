"""Takes the staff over from the directory: at the start, and every so many hours."""

from __future__ import annotations

import asyncio

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router.directory import DirectoryError, DirectorySettings, read_directory, staff_of
from case_router.staff_list import FaultyListError
from case_router.store import people
from case_router.tables import accounts
from speakup.logs import get_logger
from speakup.rest import rest

AGAIN_SECONDS = 900
"""After which it is tried again where it failed."""

log = get_logger("case-router")


async def read_in(engine: AsyncEngine, asked: DirectorySettings | None) -> people.Imported:
    """Once. Raises DirectoryError, FaultyListError: then everything is as it was."""
    if asked is None:
        raise DirectoryError(
            "No directory is set: SPEAKUP_LDAP_URL and SPEAKUP_LDAP_BASE say where it is."
        )
    entries = await asyncio.to_thread(read_directory, asked)
    async with engine.begin() as connection:
        there = set(await connection.scalars(select(accounts.c.name)))
        return await people.replace(connection, staff_of(entries, asked, there), by=None)


class DirectoryImport:
    """The task that does it again and again."""

    def __init__(self, engine: AsyncEngine, asked: DirectorySettings) -> None:
        self._engine, self._asked = engine, asked

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. A directory that is away or wrong leaves the staff as it was."""
        while not stop.is_set():
            pause = self._asked.hours * 3600
            try:
                await read_in(self._engine, self._asked)
            except (DirectoryError, FaultyListError, SQLAlchemyError, OSError) as error:
                log.warning("people_not_imported", exc_info=error)
                pause = min(pause, AGAIN_SECONDS)
            await rest(stop, pause)
