"""W3C Trace Context (https://www.w3.org/TR/trace-context/): one trace id follows a submission
through Kafka, so that its way can be found in the logs of all services."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")

_current: ContextVar[str | None] = ContextVar("trace_id", default=None)


def trace_id() -> str | None:
    """The trace that the current work belongs to."""
    return _current.get()


def traceparent(trace: str | None = None) -> str:
    """A header value for work caused by the current work (or by `trace`), or by nothing known."""
    return f"00-{trace or _current.get() or secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def trace_of(header: str | None) -> str | None:
    """The trace id of a `traceparent`; None where it is missing or malformed."""
    found = _TRACEPARENT.match(header or "")
    return found.group(1) if found else None


@contextmanager
def within(header: str | None) -> Iterator[None]:
    """Work caused by what carried this `traceparent`; a new trace where there is none."""
    token = _current.set(trace_of(header) or secrets.token_hex(16))
    try:
        yield
    finally:
        _current.reset(token)
