"""The process `python -m intake_phone`, and `python -m intake_phone reconcile`."""

from __future__ import annotations

import sys

from intake_phone.settings import Settings

if __name__ == "__main__":
    if sys.argv[1:2] == ["reconcile"]:
        from intake_phone.reconcile_cli import main

        sys.exit(main(sys.argv[2:], Settings()))
    from intake_phone.app import open_service
    from speakup.process import run

    run([open_service], Settings())
