"""The router's HTTP face: tokens and accounts, the case API v1, the pages' sign-in."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from case_router.api import (
    access_tokens,
    account,
    accounts,
    alerts,
    approvals,
    assignment,
    assignment_rules,
    audit,
    by_hand,
    case_files,
    cases,
    concerned,
    contact,
    dead_letters,
    duty,
    erasure,
    events,
    files,
    letter_pdf,
    links,
    login,
    notes,
    oidc,
    one_case,
    people,
    profiles,
    recordings,
    replies,
    reply_body,
    reply_files,
    status,
    tasks,
    token,
    transcripts,
    triage,
    unsealing,
)
from case_router.api.parts import Parts

__all__ = ["BODIES", "Parts", "routers"]

BODIES = {
    reply_body.PATH: reply_body.BODY_BYTES,
    case_files.PATH: case_files.BODY_BYTES,
    people.PATH: people.BODY_BYTES,
}
"""For `Service.bodies`."""


def routers(parts: Parts) -> Sequence[APIRouter]:
    """All routes of the service."""
    modules = (
        token,
        account,
        accounts,
        access_tokens,
        approvals,
        unsealing,
        erasure,
        cases,
        by_hand,
        one_case,
        files,
        case_files,
        recordings,
        transcripts,
        replies,
        reply_files,
        letter_pdf,
        assignment,
        assignment_rules,
        status,
        concerned,
        duty,
        people,
        triage,
        notes,
        links,
        tasks,
        alerts,
        contact,
        audit,
        events,
        dead_letters,
        profiles,
        login,
        oidc,
    )
    return [module.router(parts) for module in modules]
