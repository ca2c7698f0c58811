"""Delivery status notifications (RFC 3464): whether mail failed for good, waits, or arrived. Runs in the child."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from intake_email.mime import Part

PARTS = 200
"""Looked at, on the way to the report."""

STATUS_BYTES = 64 * 1024
"""Of a report."""

RECEIPTS = frozenset({"message/disposition-notification", "message/feedback-report"})
"""Reports that say nothing of delivery: read receipts (RFC 8098), complaints (RFC 5965)."""

_STATUS_KINDS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_COMPLAINT = re.compile(rb"\s*x-hmxmroriginalrecipient:", re.IGNORECASE)
_ACTION = re.compile(rb"^action[ \t]*:[ \t]*(?:\w+;[ \t]*)?(\w+)", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(
    rb"^status[ \t]*:[ \t]*(?:\w+;[ \t]*)?([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail's machine-readable parts say."""

    receipt: bool = False
    """A read receipt or a complaint."""
    complaint: bool = False
    """A complaint in Microsoft's own form."""
    delivery: bool = False
    """There is a report on delivery."""
    actions: frozenset[str] = frozenset()
    """Lower-case words of RFC 3464, 2.3.3: failed, delayed, delivered, relayed, expanded."""
    status: str = ""
    """The first code of RFC 3463 that fits the actions, like `5.1.1`; or ""."""


def report_of(message: Part) -> Report:
    """The report in a message; parts of a forwarded message aren't looked at."""
    kinds, statuses, complaint = set(), [], False
    for part in islice(_leaves(message), PARTS):
        kinds.add(part.kind)
        if part.kind in _STATUS_KINDS:
            statuses.append(part.content()[:STATUS_BYTES])
        if part.kind == "message/rfc822":
            complaint |= _COMPLAINT.match(part.raw, part.start, part.end) is not None
    actions = frozenset(
        found.decode().lower() for status in statuses for found in _ACTION.findall(status)
    )
    codes = [found.decode() for status in statuses for found in _STATUS.findall(status)]
    # A group of recipients may hold some that were reached.
    codes.sort(key=lambda code: code.startswith("2"))
    return Report(
        receipt=not kinds.isdisjoint(RECEIPTS),
        complaint=complaint,
        delivery=bool(statuses),
        actions=actions,
        status=codes[0] if codes else "",
    )


def _leaves(part: Part) -> Iterator[Part]:
    if not part.is_multipart:
        yield part
        return
    for child in islice(part.parts(), PARTS):
        yield from _leaves(child)
