"""What a mail is by its form: a person's, or a machine's and of which sort. Pure; runs in the child.

A person's report that is taken for a machine's mail does more harm than the reverse, which the classifier
sees: so each sort needs signs that no mail program puts into a person's mail.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from intake_email.autoreply import (
    LIST_MARKS,
    LIST_WORDS,
    is_daemon,
    is_looped,
    precedence_of,
    says_autoreply,
)
from intake_email.dsn import Report, report_of
from intake_email.headers import Fields
from intake_email.mime import Part
from intake_email.sender import mailboxes
from speakup.events import Automatic

HOPS = 100
"""`Received` fields from which on a mail runs in a circle (RFC 5321, 6.3)."""

LOOKED_AT = 20_000
"""Characters of the text."""

_LIST_FIELDS = (*LIST_MARKS, "x-mlserver", "x-ml-name")
_NOTICE = "x-amz-sns-message-id"
"""Amazon's notices to programs, on bounces and complaints among others."""

_BOUNCE_SUBJECT = re.compile(
    r"undeliver|non[- ]?delivery|delivery (status|failure|problem|report|notif|error|has)"
    r"|deliver(y|ed)?[\w ]{0,20}(fail|delay|unsuccess|abort|incomplete)|fail(ed|ure)[\w ]{0,20}deliver"
    r"|returned (e?-?mail|message|to sender)|return(ed|ing) (to sender|mail)|failure notice|mail (failure|error|delivery)"
    r"|(can|could)(no|n'|')t be (delivered|sent)|could not (be delivered|send)|not (be )?delivered"
    r"|mail system error|nondeliverable|user unknown|unknown (user|recipient)|(mail|message) (is )?delayed"
    r"|unzustellbar|не доставлен|недоставлен|не удалось доставить|ошибка доставки|жеткізілме",
    re.IGNORECASE,
)
_BOUNCE_TEXT = re.compile(
    r"qmail-send program|this is the (mail|postfix|qmail)|mail delivery (system|software|subsystem)"
    r"|permanent (fatal )?(error|failure)|fatal errors?|undeliver(ed|able)|user unknown|unknown user"
    r"|not (be )?delivered|(could|can)(n't| ?not) (be )?(deliver|send|sent|reach)|did not reach|unable to deliver"
    r"|delivery (to|of|has|attempt)[^\n]{0,60}fail|failed to deliver|no such (user|recipient|mailbox)"
    r"|mailbox (is )?(full|unavailable|not found)|over quota|\b[45]\.\d\.\d{1,3}\b|\b[45][0-5]\d[ -][\w#<]"
    r"|не (был[оа]? )?доставлен",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"will (keep trying|be retried|continue)|continue (trying|to try)|still (being |try)|retr(y|ied|ying)[^\n]{0,30}(until|for)"
    r"|not yet been delivered|no action is required|(delivery|message|mail)[\w ]{0,25} (is |been )?delayed|temporar"
    r"|warning message|could not send (mail|message) for past|do not need to resend|попытки (доставки )?будут продолж",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"returned to sender|returned mail|failure notice|permanent|giv(en|ing) up|fatal|\b5\.\d\.\d{1,3}\b|\b55\d[ -]|too long|retry time[\w ]* exceeded|expired",
    re.IGNORECASE,
)
_ENHANCED = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")


class Nature(NamedTuple):
    """`automatic` is None where a person may have written it; `status` is a bounce's RFC 3463 code or ""."""

    automatic: Automatic | None
    status: str = ""


def nature_of(message: Part, *, subject: str, text: str, envelope_from: str) -> Nature:
    """What the mail is. `subject` and `text` are decoded."""
    fields, report, text = message.fields, report_of(message), text[:LOOKED_AT]
    is_machines = _is_machines(fields, envelope_from)
    bounce = _by_report(message, report, is_machines=is_machines)
    if bounce is None and is_machines:
        bounce = _by_words(fields, subject, text)
    if bounce is not None:
        return bounce
    if _runs_in_a_circle(fields):
        return Nature(Automatic.loop)
    is_report = message.kind == "multipart/report" or is_machines
    reports = is_report and (report.receipt or report.delivery)
    if reports or report.complaint or _NOTICE in fields or says_autoreply(fields, subject):
        return Nature(Automatic.autoreply)
    if _is_lists(fields):
        return Nature(Automatic.mailing_list)
    return Nature(None)


def _by_report(message: Part, report: Report, *, is_machines: bool) -> Nature | None:
    if not report.delivery or report.receipt:
        return None
    if message.kind != "multipart/report" and not is_machines:
        # Somebody sends on what they got.
        return None
    if "failed" in report.actions:
        return Nature(Automatic.bounce, report.status)
    if "delayed" in report.actions:
        return Nature(Automatic.delay, report.status)
    if report.actions or report.status.startswith("2"):
        return None
    waits = report.status.startswith("4")
    return Nature(Automatic.delay if waits else Automatic.bounce, report.status)


def _by_words(fields: Fields, subject: str, text: str) -> Nature | None:
    """Bounces as qmail, sendmail of old, Exchange and many others write them."""
    by_subject = bool(_BOUNCE_SUBJECT.search(subject))
    if says_autoreply(fields, subject, by_field=False):
        return None
    if "x-failed-recipients" not in fields and not (by_subject or _BOUNCE_TEXT.search(text)):
        return None
    found = _ENHANCED.search(text)
    status = found[0] if found else ""
    said = f"{subject}\n{text}"
    waits = _LATER.search(said) and not _GIVEN_UP.search(said)
    return Nature(Automatic.delay if waits else Automatic.bounce, status)


def _is_machines(fields: Fields, envelope_from: str) -> bool:
    """Sent with the null return path (RFC 5321, 4.5.5), or under a mail server's own name."""
    return (
        envelope_from in ("", "<>")
        or "<>" in fields.get("return-path", [])
        or "x-failed-recipients" in fields
        or is_daemon(envelope_from)
        # Some write `From: <>`, or their name without a domain.
        or any(value.endswith("<>") for value in fields.get("from", []))
        or any(
            is_daemon(author or value.strip("<> ").rpartition("<")[2] + "@")
            for value in fields.get("from", [])[:3]
            for author, _ in mailboxes({"from": [value]}, "from")
        )
    )


def _runs_in_a_circle(fields: Fields) -> bool:
    return is_looped(fields) or len(fields.get("received", [])) >= HOPS


def _is_lists(fields: Fields) -> bool:
    return any(name in fields for name in _LIST_FIELDS) or not precedence_of(fields).isdisjoint(
        LIST_WORDS
    )
