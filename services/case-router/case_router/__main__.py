"""`python -m case_router`: this service as a process of its own, or one of its commands (`commands.py`)."""

from __future__ import annotations

import sys

from case_router import commands
from case_router.app import open_service
from case_router.settings import Settings
from speakup.process import run

if __name__ == "__main__":
    status = commands.run(sys.argv[1:])
    if status is not None:
        sys.exit(status)
    run([open_service], Settings())
