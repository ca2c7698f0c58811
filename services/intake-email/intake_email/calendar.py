"""What, when, where and who of an invitation, in readable lines (iCalendar, RFC 5545)."""

from __future__ import annotations

import re

from intake_email.charsets import tidy

CALENDAR_BYTES = 200_000
EVENTS = 10
VALUE = 2000
"""Characters."""

_FOLD = re.compile(r"\n[ \t]")
_LINE = re.compile(r"([A-Z-]{1,40})((?:;(?:\"[^\"\n]*\"|[^:\"\n])*)?):(.*)", re.IGNORECASE)
_WORDS = {
    "SUMMARY": "What",
    "DTSTART": "When",
    "DTEND": "Until",
    "RRULE": "Repeated",
    "LOCATION": "Where",
    "ORGANIZER": "Organizer",
    "DESCRIPTION": "Description",
}
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ESCAPED = re.compile(r"\\([\\;,nN])")
_PARAMETER = re.compile(r";(CN|TZID)=(\"[^\"]*\"|[^;]*)", re.IGNORECASE)


def summary_of(calendar: str) -> str:
    """Lines such as `When: 2026-03-01 10:00 UTC`, an empty line between events; "" where there is none."""
    text = _FOLD.sub("", tidy(calendar[:CALENDAR_BYTES]))
    events: list[list[str]] = []
    depth: list[str] = []
    for line in text.split("\n"):
        found = _LINE.fullmatch(line.strip())
        if not found:
            continue
        name, value = found[1].upper(), found[3]
        if name == "BEGIN":
            depth = [*depth[-10:], value.strip().upper()]
            if depth[-1] == "VEVENT":
                events.append([])
        elif name == "END":
            depth = depth[:-1]
        elif name in _WORDS and depth[-1:] == ["VEVENT"]:
            events[-1].append(f"{_WORDS[name]}: {_readable(name, found[2], value)}")
    return "\n\n".join("\n".join(event) for event in events[:EVENTS] if event)


def _readable(name: str, parameters: str, value: str) -> str:
    said = {key.upper(): word.strip('"') for key, word in _PARAMETER.findall(parameters)}
    if name in ("DTSTART", "DTEND") and (time := _TIME.fullmatch(value.strip())):
        clock = f" {time[4]}:{time[5]}" if time[4] else ""
        zone = " UTC" if time[6] else f" ({said['TZID']})" if said.get("TZID") else ""
        return f"{time[1]}-{time[2]}-{time[3]}{clock}{zone}"
    if name == "ORGANIZER":
        address = re.sub("(?i)^mailto:", "", value.strip())
        return f"{said['CN']} <{address}>"[:VALUE] if said.get("CN") else address[:VALUE]
    value = value[:VALUE]
    return _ESCAPED.sub(lambda escaped: "\n" if escaped[1] in "nN" else escaped[1], value).strip()
