"""Logs that can't tell on a reporter: one JSON object a line, of allowed fields only.

Our own lines are `log.info("case_opened", case_number=…)`: the event is a fixed word and every field is
on the list below, else it is dropped and its name noted. Lines of libraries are reduced to where they
were logged, since their texts may quote input; exceptions to type and stack, since their texts may, too.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, cast

import structlog

from speakup import trace

FIELDS = frozenset(
    [
        "adapter",
        "attempt",
        "attempts",
        "batch",
        "bytes",
        "case_number",
        "channel",
        "code",
        "count",
        "database",
        "digest",
        "error",
        "event_id",
        "event_type",
        "group",
        "host_kind",
        "id",
        "key_id",
        "kind",
        "lag",
        "language",
        "method",
        "milliseconds",
        "offset",
        "partition",
        "path",
        "pid",
        "port",
        "purpose",
        "reason",
        "reply_id",
        "role",
        "seconds",
        "service",
        "signal",
        "stage",
        "state",
        "status",
        "submission_id",
        "table",
        "task",
        "topic",
        "trace_id",
        "version",
        "waiting",
        "wanted",
    ]
)

_WORD = re.compile(r"^[\w./:{}+<>=,-]{1,120}$", re.ASCII)


def _stack(frames: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno}:{frame.name}"
        for frame in traceback.extract_tb(frames)[-12:]
    ]


def describe(error: BaseException) -> dict[str, object]:
    """What may be said of an exception: its type, its cause's, and where; never its text."""
    chain: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(chain) < 5:
        chain.append(type(seen).__name__)
        seen = seen.__cause__ or seen.__context__
    return {"error": "<".join(chain), "stack": _stack(error.__traceback__)}


def _safe(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if _WORD.match(text) else "[withheld]"


def _allow_listed(
    _logger: object, level: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    line: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "event": _safe(fields.pop("event", "")),
    }
    error = fields.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        line |= describe(error)
    if trace.trace_id() is not None:
        line["trace_id"] = trace.trace_id()
    for name, value in fields.items():
        if name in FIELDS:
            line[name] = _safe(value)
        elif not name.startswith("_"):
            line.setdefault("dropped", []).append(_safe(name))
    return line


class _Reduced(logging.Handler):
    """A library's line, reduced to where it was logged."""

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": "library",
            "logger": record.name,
            "at": f"{record.filename}:{record.lineno}",
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= describe(record.exc_info[1])
        print(json.dumps(line), flush=True)  # noqa: T201 - a log is printed


def configure(level: str = "INFO") -> None:
    """Send all logs of this process to standard output, in the form above."""
    number = logging.getLevelNamesMapping()[level]
    root = logging.getLogger()
    root.handlers = [_Reduced()]
    root.setLevel(max(number, logging.WARNING))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _level_argument,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _level_argument(
    logger: object, _method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return _allow_listed(logger, cast("str", fields.pop("level", "info")), fields)


def get_logger(service: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines name the service."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(service=service))
