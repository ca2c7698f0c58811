"""What is new in a text, set apart from the thread it quotes and from its signature.

Never dropped, and set apart only where the signs are plain: a line of "wrote" above quoted lines, an
Outlook header block in what is a reply, RFC 3676's signature line. In any doubt the words stay with the new ones.
"""

from __future__ import annotations

import re

SIGNATURE_LINES = 10
LINES = 20_000
"""Above which an Outlook block begins, if there is one."""
_SIGNATURE_WIDTH = 80
_ATTRIBUTION_LINES = 3
_BLOCK_LINES = 10
"""Where an Outlook block's other fields are looked for."""

_SIGNS = (
    ">",
    "--",
    "from",
    "от",
    "кімнен",
    "жіберуші",
    "sent from ",
    "get outlook ",
)
"""How a line begins that may be of a quotation or a signature, lower-case."""
_SENT = "жіберілді"
"""How a Kazakh one ends."""
_FROM = re.compile(r"[*_ ]*(?:From|От|От кого|Кімнен|Жіберуші)[*_ ]*:", re.IGNORECASE)
_BLOCK_FIELDS = tuple(
    re.compile(rf"[*_ ]*(?:{names})[*_ ]*:", re.IGNORECASE)
    for names in (
        "Sent|Date|Отправлено|Дата|Послано|Жіберілді|Жіберілген күні|Күні",
        "To|Кому|Кімге",
        "Subject|Тема|Тақырып|Тақырыбы",
    )
)
_DIVIDER = re.compile(r"[ \t]*(?:[-_]{5,}|-{2,}[^-\n]{1,60}-{2,})[ \t]*")
_FORWARDED = re.compile(r"forward|пересыл|пересл|переадрес|қайта жібер|жолдан", re.IGNORECASE)
_FORWARD_SUBJECT = re.compile(r"\s*(?:fwd?|пересл|пер|fs|wg|tr)\s*:", re.IGNORECASE)
_WROTE = re.compile(
    r"\b(?:wrote|writes|пишет|писал|написала?|написал\(а\)|жазды|жазған)\b|[^\s@]@[^\s@]"
    r"|\b\d{1,2}:\d{2}\b",
    re.IGNORECASE,
)
_POINTS_BELOW = re.compile(
    r"\b(?:below|inline|in red|ниже|внизу|в тексте|красным|төменде\w*|астында)\b", re.IGNORECASE
)
_PROGRAM = re.compile(
    r"(?:Sent from (?:my|Mail|Outlook|Yahoo|Samsung|Proton)|Get Outlook for|"
    r"Отправлено (?:с|из) |.{1,40} (?:құрылғысынан|қолданбасынан|телефонынан) жіберілді).{0,80}",
    re.IGNORECASE,
)


def set_apart(text: str, *, subject: str = "", is_reply: bool = False) -> tuple[str, str]:
    """The new words and the rest, which together hold every line that isn't blank.

    `is_reply`: its headers name a mail that it answers. What is forwarded is what the person wants to show:
    it stays.
    """
    if not _has_signs(text) or _FORWARD_SUBJECT.match(subject):
        return text, ""
    lines = text.split("\n")
    end = _signature(lines, len(lines))
    thread = _thread(lines, end, is_reply=is_reply)
    cut = _signature(lines, thread) if thread < end else end
    begin = _leading(lines, cut)
    new = lines[begin:cut]
    if not any(map(str.strip, new)) or (thread < end and _POINTS_BELOW.search("\n".join(new))):
        return text, ""
    rest = (*lines[:begin], *([""] if begin else ()), *lines[cut:])
    return "\n".join(new).strip("\n"), "\n".join(rest).strip("\n")


def _has_signs(text: str) -> bool:
    """Most mails have none, and needn't be looked at line by line."""
    text = text.lower()
    begun = (line.lstrip(" \t*_") for line in text.split("\n"))
    return _SENT in text or any(line.startswith(_SIGNS) for line in begun)


def _thread(lines: list[str], end: int, *, is_reply: bool) -> int:
    """Where the quoted thread begins; `end` where there is none that runs to the end."""
    start = end
    while start and (lines[start - 1].startswith(">") or not lines[start - 1].strip()):
        start -= 1
    if any(line.startswith(">") for line in lines[start:end]):
        above = _attribution(lines, start)
        if above < start:
            end = above
        elif is_reply:
            end = start
    return _outlook_block(lines, end) if is_reply else end


def _attribution(lines: list[str], start: int) -> int:
    """Where the words above quoted lines begin that say who wrote them, or `start`."""
    while start and not lines[start - 1].strip():
        start -= 1
    if not start or not lines[start - 1].rstrip().endswith(":"):
        return start
    for count in range(1, min(_ATTRIBUTION_LINES, start) + 1):
        said = lines[start - count : start]
        if not said[0].strip() or said[0].startswith(">"):
            break
        joined = " ".join(said)
        if len(joined) <= 400 and _WROTE.search(joined) and _begins(lines, start - count):
            return start - count
    return start


def _begins(lines: list[str], index: int) -> bool:
    """Whether no paragraph runs on into that line, so that no new words go with it."""
    return index == 0 or not lines[index - 1].strip() or lines[index - 1].rstrip()[-1] in ".!?)"


def _outlook_block(lines: list[str], end: int) -> int:
    for index in range(1, min(end, LINES)):
        above = lines[index - 1]
        # In the middle of other header lines it is a mail shown by a robot, not an answered one.
        if _FROM.match(lines[index]) and (not above.strip() or _DIVIDER.fullmatch(above)):
            near = lines[index + 1 : min(index + _BLOCK_LINES, end)]
            if sum(any(map(field.match, near)) for field in _BLOCK_FIELDS) >= 2:
                return _with_divider(lines, index, end)
    return end


def _with_divider(lines: list[str], index: int, end: int) -> int:
    above = index
    while above and not lines[above - 1].strip():
        above -= 1
    if above and _DIVIDER.fullmatch(lines[above - 1]):
        return end if _FORWARDED.search(lines[above - 1]) else above - 1
    return index


def _leading(lines: list[str], cut: int) -> int:
    """Past the one quotation that stands above all new words, where its writer is named."""
    first = next((n for n, line in enumerate(lines[:cut]) if line.startswith(">")), cut)
    above = _attribution(lines, first)
    if first == cut or above == first or any(map(str.strip, lines[:above])):
        return 0
    after = first
    while after < cut and (lines[after].startswith(">") or not lines[after].strip()):
        after += 1
    # Answers between quoted lines make no sense without them.
    return 0 if any(line.startswith(">") for line in lines[after:cut]) else after


def _signature(lines: list[str], end: int) -> int:
    """Where the signature above `end` begins, or `end`."""
    last = end
    while last and not lines[last - 1].strip():
        last -= 1
    if last and _PROGRAM.fullmatch(lines[last - 1].strip()):
        return last - 1
    for index in range(last - 1, max(last - SIGNATURE_LINES - 2, -1), -1):
        line = lines[index]
        if line in ("-- ", "--\xa0") or (line == "--" and _looks_signed(lines[index + 1 : last])):
            return index if _is_narrow(lines[index + 1 : last]) else end
        if line.startswith(">"):
            break
    return end


def _is_narrow(lines: list[str]) -> bool:
    return all(len(line) <= _SIGNATURE_WIDTH for line in lines)


def _looks_signed(lines: list[str]) -> bool:
    """No sentence: two dashes alone are also how people part their paragraphs."""
    return all(
        len(line.split()) <= 6 and not line.rstrip().endswith((".", "!", "?")) for line in lines
    )
