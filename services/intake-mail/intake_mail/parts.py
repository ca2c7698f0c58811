"""What everything that handles letters shares."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from intake_mail.draft_rows import DraftRows
from intake_mail.opening import Opener
from intake_mail.settings import Settings
from speakup.blobs import BlobStore
from speakup.keys import CurrentKey
from speakup.relay import Relay


@dataclass(frozen=True)
class Keys:
    """Public keys, read again when they rotate."""

    intake: CurrentKey
    contact: CurrentKey
    unsealing: CurrentKey


@dataclass(frozen=True)
class Parts:
    """What letters are worked with."""

    engine: AsyncEngine
    blobs: BlobStore
    rows: DraftRows
    opener: Opener
    relay: Relay
    keys: Keys
    settings: Settings
    fingerprint_key: bytes
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there may be work for a machine."""

    async def delete_blobs(self, digests: Sequence[str]) -> None:
        """Best forgotten at once; what fails is swept up later."""
        for digest in digests:
            await self.blobs.delete(digest)
