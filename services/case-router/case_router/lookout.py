"""Looks for staff in what reporters say, in the transaction that brings it: before anybody can see the case."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.naming import Finder, parts
from case_router.store import concerned, exclusions
from speakup.submission import Content


class Lookout:
    """Knows the staff to look for; asks for them anew in each transaction."""

    def __init__(self) -> None:
        self._finder = Finder({})

    async def finder(self, connection: AsyncConnection) -> Finder:
        """For the staff as it is until this transaction ends: an import of people waits for it."""
        await exclusions.with_people_as_they_are(connection)
        people = await concerned.watched(connection)
        if dict(people) != self._finder.people:
            names = await concerned.names(connection)
            given = {word for name in names for word in parts(name).given}
            self._finder = Finder(dict(people), given)
        return self._finder

    async def look(self, connection: AsyncConnection, texts: Mapping[str, str]) -> None:
        """What is said in these cases, by number: whoever may be named is kept out of them from now on."""
        finder = await self.finder(connection)
        named: dict[str, frozenset[UUID]] = {}
        for number, text in texts.items():
            found = finder.find(text)
            if found:
                named[number] = found
        await concerned.suggest(connection, named)


def said(content: Content) -> str:
    """All words of a submission. Of a text that lies in a blob, the beginning."""
    names = " ".join(attachment.name for attachment in content.attachments)
    return "\n\n".join((content.subject, content.text, content.quoted, names))
