"""The commands of `python -m case_router`: `accounts …`: staff accounts; `people …`: the list of staff;
`audit verify`: whether the audit log is as it was written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from case_router import accounts_cli, audit_cli, people_cli
from speakup import postgres

_COMMANDS = {
    "accounts": accounts_cli.main,
    "people": people_cli.main,
    "audit": audit_cli.main,
}
UNAVAILABLE = 2
"""The exit status where nothing could be done or told."""


def run(argv: Sequence[str]) -> int | None:
    """The exit status; None where no command is named."""
    if not argv or argv[0] not in _COMMANDS:
        return None
    try:
        return _COMMANDS[argv[0]](argv[1:])
    except postgres.UNAVAILABLE as error:
        if not postgres.is_unavailable(error):
            raise
        sys.stderr.write(
            "The database can't be reached. Set SPEAKUP_DATABASE_URL (and SPEAKUP_VAR) as for the service; "
            "docs/cases.md says which they are under `make run`.\n"
        )
        return UNAVAILABLE
