"""Why a mail came back, in plain words that hold no address: by the codes of RFC 3463."""

from __future__ import annotations

_BY_DETAIL = {
    "1.1": "The address doesn't exist.",
    "1.2": "The address's domain doesn't exist.",
    "1.3": "The address isn't a valid one.",
    "1.6": "The mailbox has moved.",
    "1.10": "The address's domain takes no mail.",
    "2.1": "The mailbox is switched off.",
    "2.2": "The mailbox is full.",
    "2.3": "The mail is too large for the mailbox.",
    "3.4": "The mail is too large for the address's mail server.",
    "4.7": "The address's mail server couldn't be reached for days.",
}
_BY_SUBJECT = {
    "1": "The address isn't right.",
    "2": "The mailbox doesn't take mail.",
    "3": "The address's mail server can't take mail.",
    "4": "The address's mail server couldn't be reached.",
    "7": "The address's mail server refused the mail by its rules.",
}


def plainly(status: str) -> str:
    """For a code like `5.1.1`, or "" where there was none."""
    _, _, detail = status.partition(".")
    why = _BY_DETAIL.get(detail) or _BY_SUBJECT.get(detail.partition(".")[0], "")
    code = f" (code {status})" if status else ""
    return f"The mail came back undelivered. {why}".strip() + code
