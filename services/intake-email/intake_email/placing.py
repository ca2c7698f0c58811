"""Where a mail belongs: a case that it joins, or one of its own. Pure: `known.py` asks the database.

In this order (issue 3, told apart): a plus-address with a right token; the case number in the subject, from
the case's own sender; a thread of ours, from the same sender. A mail of a machine's about one of our mails
joins that one's case. Everything else opens a case, and names the one that it may belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from speakup.events import Automatic, Purpose


@dataclass(frozen=True, slots=True)
class Clues:
    """Of one mail: what it says of its place, addresses and Message-IDs as HMACs."""

    token_case: str | None = None
    """By a plus-address with a right token."""
    automatic: Automatic | None = None
    status: str = ""
    sender: bytes | None = None
    numbers: tuple[str, ...] = ()
    our_mails: tuple[UUID, ...] = ()
    """Replies of ours that it answers, by Message-IDs with a right HMAC; the newest first."""
    their_mails: tuple[bytes, ...] = ()
    """HMACs of the other Message-IDs in its thread; the newest first."""
    returns: tuple[UUID, ...] = ()
    """Replies of ours that came back in it."""


@dataclass(frozen=True, slots=True)
class KnownReply:
    """A mail of ours."""

    reply_id: UUID
    case_number: str
    purpose: Purpose
    sender: bytes | None
    """Of its case."""
    mail: UUID | None = None
    """The reply in whose mail it went out, where several were joined."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of the clues of some mails."""

    senders: Mapping[str, bytes | None] = field(default_factory=dict)
    """By the number of a case that a mail opened."""
    replies: Mapping[UUID, KnownReply] = field(default_factory=dict)
    """Our mails, whatever became of them so far."""
    threads: Mapping[tuple[bytes, bytes], str] = field(default_factory=dict)
    """Case by the HMACs of a mail's Message-ID and of its sender."""
    last_replies: Mapping[str, UUID] = field(default_factory=dict)
    """By case: the last mail of a handler's that was handed over."""


@dataclass(frozen=True, slots=True)
class Place:
    """What becomes of a mail."""

    case_number: str | None = None
    """The case that it joins; None: it opens one."""
    suggested_case: str | None = None
    automatic: Automatic | None = None
    returned: tuple[KnownReply, ...] = ()
    """The replies that are now known not to have arrived; several where they were joined in one mail."""


def place(clues: Clues, known: Known) -> Place:
    """Decide."""
    joined = clues.token_case or _by_return(clues, known)
    joined = joined or _by_number(clues, known) or _by_thread(clues, known)
    return Place(
        case_number=joined,
        suggested_case=None if joined else _suggested(clues, known),
        automatic=clues.automatic,
        returned=_with_joined(_returned(clues, known, joined), known),
    )


def _by_return(clues: Clues, known: Known) -> str | None:
    return next((reply.case_number for reply in _ours(clues.returns, known)), None)


def _by_number(clues: Clues, known: Known) -> str | None:
    if clues.sender is None:
        return None
    return next((one for one in clues.numbers if known.senders.get(one) == clues.sender), None)


def _by_thread(clues: Clues, known: Known) -> str | None:
    if clues.sender is None:
        return None
    for reply in _ours(clues.our_mails, known):
        if reply.sender == clues.sender:
            return reply.case_number
    threads = (known.threads.get((message, clues.sender)) for message in clues.their_mails)
    return next((case for case in threads if case is not None), None)


def _suggested(clues: Clues, known: Known) -> str | None:
    for number in clues.numbers:
        # Cases of other channels aren't known here: the number is passed on as it was quoted.
        if number in known.senders or not number.startswith("2"):
            return number
    return next((reply.case_number for reply in _ours(clues.our_mails, known)), None)


def _returned(clues: Clues, known: Known, joined: str | None) -> KnownReply | None:
    if clues.automatic is not Automatic.bounce or joined is None:
        return None
    if clues.returns:
        back = _ours(clues.returns, known)
        return next((reply for reply in back if reply.case_number == joined), None)
    last = known.last_replies.get(joined) if clues.token_case else None
    return known.replies.get(last) if last else None


def _with_joined(returned: KnownReply | None, known: Known) -> tuple[KnownReply, ...]:
    if returned is None:
        return ()
    others = (reply for reply in known.replies.values() if reply.mail == returned.reply_id)
    return (returned, *others)


def _ours(reply_ids: Iterable[UUID], known: Known) -> Iterator[KnownReply]:
    return (known.replies[one] for one in reply_ids if one in known.replies)


def asked(clues: Sequence[Clues]) -> tuple[set[str], set[UUID], set[bytes], set[str]]:
    """What to ask the database: numbers, our replies, others' Message-IDs, cases of which the last reply."""
    return (
        {number for one in clues for number in one.numbers},
        {reply for one in clues for reply in (*one.our_mails, *one.returns)},
        {message for one in clues if one.sender for message in one.their_mails},
        {
            one.token_case
            for one in clues
            if one.token_case and one.automatic is Automatic.bounce and not one.returns
        },
    )
