"""The mailroom's HTTP face (role `mailroom`): the register, drafts, the pile."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from intake_mail.api import drafts, labels, letters, pages, papers, pile, register
from intake_mail.api.desk_parts import DeskParts
from intake_mail.api.uploads import BODIES

__all__ = ["BODIES", "DeskParts", "labels", "routers"]


def routers(parts: DeskParts) -> Sequence[APIRouter]:
    """All routes of letters; fixed paths before those with an id in them."""
    return [module.router(parts) for module in (pile, papers, letters, register, drafts, pages)]
