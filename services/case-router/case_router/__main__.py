"""`python -m case_router`: this service as a process of its own; `… accounts …`: staff accounts;
`… people …`: the list of staff; `… audit verify`: whether the audit log is as it was written."""

from __future__ import annotations

import sys

from case_router import accounts_cli, audit_cli, people_cli
from case_router.app import open_service
from case_router.settings import Settings
from speakup.process import run

if __name__ == "__main__":
    if sys.argv[1:2] == ["accounts"]:
        sys.exit(accounts_cli.main(sys.argv[2:]))
    if sys.argv[1:2] == ["people"]:
        sys.exit(people_cli.main(sys.argv[2:]))
    if sys.argv[1:2] == ["audit"]:
        sys.exit(audit_cli.main(sys.argv[2:]))
    run([open_service], Settings())
