"""Profiles as they hold now: what an admin has set, else the settings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.profiles import MODELS
from case_router.work_tables import profiles
from speakup.logs import get_logger

HELD_SECONDS = 5.0
"""How long a process goes by what it has read: what opens cases doesn't ask with each batch."""

P = TypeVar("P", bound=BaseModel)

log = get_logger("case-router")


class Profiles:
    """Reads and sets them; `defaults` are the settings' own, for models that aren't as they are made."""

    def __init__(self, defaults: Sequence[BaseModel] = ()) -> None:
        self._defaults = {type(profile): profile for profile in defaults}
        self._held: dict[type[BaseModel], tuple[float, BaseModel]] = {}

    async def get(self, connection: AsyncConnection, model: type[P]) -> P:
        """The profile of this model; one that can't be read any more is as if it weren't set."""
        since, held = self._held.get(model, (0.0, None))
        if isinstance(held, model) and time.monotonic() - since < HELD_SECONDS:
            return held
        default = self._defaults.get(model)
        profile = default if isinstance(default, model) else model()
        query = select(profiles.c["values"]).where(profiles.c.name == MODELS[model])
        values = await connection.scalar(query)
        if values is not None:
            try:
                profile = model.model_validate(values)
            except ValidationError as error:
                log.warning("profile_unreadable", kind=MODELS[model], exc_info=error)
        self._held[model] = (time.monotonic(), profile)
        return profile

    async def put(self, connection: AsyncConnection, profile: BaseModel, account_id: UUID) -> None:
        """Set it. Other processes go by it some seconds later."""
        name, values = MODELS[type(profile)], profile.model_dump(mode="json")
        new = insert(profiles).values(name=name, values=values, changed_by=account_id)
        await connection.execute(
            new.on_conflict_do_update(
                index_elements=["name"],
                set_={"values": values, "changed_by": account_id, "changed_at": func.now()},
            )
        )
        self._held.pop(type(profile), None)
