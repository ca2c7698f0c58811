"""The router's opening on real tables; what it would publish is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import tables
from case_router.consume import Opening
from case_router.store.clocks import Clocks
from case_router.store.profiles import Profiles
from case_router.store.vault import FileKeyProvider, Vault
from speakup import topics
from speakup.events import Channel, Event
from speakup.keys import INTAKE, KeyFolder, PrivateKeys, contact_purpose
from speakup.relay import Relay
from tests.building import make_keys
from tests.databases import database
from tests.published import Published

CLOCKS = Clocks(Profiles(), ZoneInfo("Asia/Almaty"))


@dataclass(frozen=True)
class Router:
    """What a test of opening needs."""

    engine: AsyncEngine
    keys_engine: AsyncEngine
    keys: KeyFolder
    vault: Vault
    opening: Opening
    published: Published

    async def count(self, table: str) -> int:
        """Rows of a table."""
        async with self.engine.connect() as connection:
            return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    async def erase(self) -> None:
        """Destroy all case keys."""
        async with self.keys_engine.begin() as connection:
            await connection.execute(text("DELETE FROM case_keys"))

    def said(self) -> list[Event]:
        """Events that it would have published."""
        return [topics.decode(r.value, r.headers, r.topic) for r in self.published.records]


@asynccontextmanager
async def open_router(postgres_url: str, folder: Path) -> AsyncIterator[Router]:
    """On databases of its own."""
    keys = make_keys(KeyFolder(folder))
    async with (
        database(postgres_url, tables.metadata) as engine,
        database(postgres_url, tables.keys_metadata) as keys_engine,
    ):
        vault = Vault(keys_engine, FileKeyProvider(keys.secret("case-kek")))
        published = Published()
        opening = Opening(
            engine=engine,
            vault=vault,
            keys=PrivateKeys(keys, INTAKE),
            contact_keys=lambda: {
                channel: keys.public(contact_purpose(channel))
                for channel in (Channel.email, Channel.mail)
            },
            relay=cast("Relay", published),
            pin_key=keys.secret("pin-hmac"),
            clocks=CLOCKS,
            retry=300,
        )
        yield Router(engine, keys_engine, keys, vault, opening, published)
