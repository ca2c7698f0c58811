"""What two people must want: for how long it can be decided, and for how long it holds then. Plain values, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from speakup.staff import Role


class Action(StrEnum):
    """What is asked for."""

    unseal = "unseal"
    erase = "erase"
    read_exclusions = "read_exclusions"
    grant_role = "grant_role"
    """Also of an account that was disabled: enabling it grants its role again."""
    reset_credentials = "reset_credentials"


class What(StrEnum):
    """What an unsealing opens."""

    contact = "contact"
    voice = "voice"
    scan = "scan"


class State(StrEnum):
    """How far it has got."""

    open = "open"
    one_more = "one_more"
    """One officer has approved; another has to."""
    approved = "approved"
    refused = "refused"
    expired = "expired"


OPEN_FOR = timedelta(days=7)
"""What nobody has decided by then is over."""
HOLDS_FOR = timedelta(hours=1)
"""How long something may be read that two people let somebody read."""
PRIVILEGED = frozenset({Role.officer, Role.chair, Role.admin})
"""Their accounts are given, and given again, by two officers or the chair."""
DECIDERS = frozenset({Role.officer, Role.chair})
_OF_ACCOUNTS = frozenset({Action.grant_role, Action.reset_credentials})
_HOLDING = frozenset({Action.unseal, Action.read_exclusions})


def needs_another(action: Action, by: Role, first_by: object) -> bool:
    """Whether an approval by this role waits for one more officer.

    Of a case one approval is enough, since who asks works on cases, too. Accounts are asked for by admins.
    """
    return action in _OF_ACCOUNTS and by is not Role.chair and first_by is None


def are_enough(action: Action, deciders: Sequence[Role]) -> bool:
    """Whether all who may decide it can approve it together."""
    if action in _OF_ACCOUNTS:
        return Role.chair in deciders or len(deciders) > 1
    return len(deciders) > 0


def holds_until(action: Action, decided_at: datetime) -> datetime | None:
    """When what was approved is over; None: it is done at once."""
    return decided_at + HOLDS_FOR if action in _HOLDING else None


def state(
    *,
    asked_at: datetime,
    approved: bool | None,
    first_by: object,
    expires_at: datetime | None,
    now: datetime,
) -> State:
    """As it is now."""
    if approved is None:
        if now >= asked_at + OPEN_FOR:
            return State.expired
        return State.open if first_by is None else State.one_more
    if not approved:
        return State.refused
    return State.expired if expires_at is not None and now >= expires_at else State.approved
