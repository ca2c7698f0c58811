"""A case's ETag, and what callers say with it (RFC 9110, 13.1).

The tag is `"sequence-replies-steps"`: the case's newest event, how many replies there are, and how far
they have got. What happens to a reply on its way changes what is shown, but must not make anybody's
change conflict: so `If-Match` compares the first two only.
"""

from __future__ import annotations

from fastapi import Request

from case_router.store.rows import AnyRow
from speakup.problems import Problem


def etag(case: AnyRow) -> str:
    """The tag of a case as `store.cases.get` reads it."""
    return f'"{case.sequence}-{case.reply_count}-{case.reply_steps}"'


def is_known(request: Request, case: AnyRow) -> bool:
    """Whether the caller has just this version: `If-None-Match` answers 304."""
    known = _tags(request.headers.get("if-none-match", ""))
    return "*" in known or etag(case) in known


def check_match(request: Request, case: AnyRow) -> None:
    """Raises Problem 428 without `If-Match`, 412 where the case is another by now."""
    header = request.headers.get("if-match", "")
    if not header.strip():
        raise Problem(
            428, "Read the case first and send its ETag as `If-Match`, so that no change is lost."
        )
    current = etag(case).strip('"').split("-")[:2]
    for tag in _tags(header):
        given = tag.strip('"').split("-")[:2]
        if tag == "*" or given == current[: len(given)]:
            return
    raise Problem(412, "The case has changed since you read it. Read it again, then decide.")


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]
