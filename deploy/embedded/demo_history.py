"""The demonstration's past: a year of visits and chats, added by hand and worked as far as staff would have by now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from embedded.screen import say

FILE = Path(__file__).with_suffix(".jsonl")
"""One case a line: its text, how many days ago it came, what it is, and how far it has got."""
PATH = "/api/v1/cases"
WAIT_SECONDS = 120

_WAY = {
    "new": (),
    "in_review": ("in_review",),
    "in_progress": ("in_review", "in_progress"),
    "answered": ("in_review", "in_progress", "answered"),
    "closed": ("in_review", "in_progress", "answered", "closed"),
}
_SUBJECTS = {
    "labour_relations": "labour_relations_and_safety",
    "health_safety_environment": "labour_relations_and_safety",
    "procurement_collusion": "procurement",
    "conflict_of_interest": "conflict_of_interest",
}


class HistoryError(Exception):
    """It can't go on; the text says why."""


async def add_history(client: httpx.AsyncClient) -> int:
    """Add the cases as the officer, whose token `client` carries, and work them; how many there are now.

    Done again, it adds nothing. Raises HistoryError.
    """
    told = [json.loads(line) for line in FILE.read_text().splitlines()]
    numbers = [await _add(client, place, one) for place, one in enumerate(told)]
    await _classified(client, numbers)
    for number, one in zip(numbers, told, strict=True):
        await _work(client, number, one)
    say(f"  {len(numbers)} cases, told in person over a year: added by hand and worked")
    return len(numbers)


async def _add(client: httpx.AsyncClient, place: int, one: dict[str, Any]) -> str:
    received = datetime.now(UTC).replace(hour=5, minute=0, second=0, microsecond=0)
    body = {
        "text": one["text"],
        "received_at": (received - timedelta(days=one["days_ago"])).isoformat(),
        "language": one["language"] if one["language"] in ("kk", "ru", "en") else None,
        "relation": one["relation"],
    }
    answer = await client.post(PATH, json=body, headers={"Idempotency-Key": f"demo-{place}"})
    number: str = _checked(answer)["case_number"]
    return number


async def _classified(client: httpx.AsyncClient, numbers: Sequence[str]) -> None:
    """So that the model's word stands beside the person's."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            for number in numbers:
                while True:
                    if _checked(await client.get(f"{PATH}/{number}"))["kind"] is not None:
                        break
                    await asyncio.sleep(0.3)
    except TimeoutError:
        raise HistoryError("It takes longer than it should: see var/log/services.log.") from None


async def _work(client: httpx.AsyncClient, number: str, one: dict[str, Any]) -> None:
    answer = await client.get(f"{PATH}/{number}")
    case, etag = _checked(answer), answer.headers["etag"]
    if case["triaged_at"] is not None or one["status"] == "new":
        return
    report = one["kind"] == "breach_report"
    received = datetime.fromisoformat(case["received_at"])
    steps: list[tuple[str, dict[str, Any]]] = [
        (
            "triage",
            {
                "kind": one["kind"],
                "reason": "By what was told in person.",
                "category": one["category"],
                "subject": _SUBJECTS.get(one["category"], "other"),
                "breached_on": str((received - timedelta(days=30)).date()) if report else None,
                "discovered_on": str((received - timedelta(days=9)).date()) if report else None,
                "loss_tenge": one.get("loss_tenge"),
                "retaliation_risk": "possible" if report else "none",
                "corruption": one["category"] == "bribery_corruption" and report,
            },
        ),
        ("assignment", {"handler": "handler"}),
    ]
    for status in _WAY[one["status"]]:
        closing = {"disposition": "considered"} if status == "closed" else {}
        outcome = {name: one[name] for name in ("finding", "action") if name in one and closing}
        steps.append(("status", {"status": status} | closing | outcome))
    for what, body in steps:
        answer = await client.post(f"{PATH}/{number}/{what}", json=body, headers={"If-Match": etag})
        _checked(answer)
        etag = answer.headers["etag"]


def _checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code not in (200, 201):
        raise HistoryError(f"The case API said: {answer.json().get('detail', answer.status_code)}")
    found: dict[str, Any] = answer.json()
    return found
