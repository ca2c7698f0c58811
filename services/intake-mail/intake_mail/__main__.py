"""The process `python -m intake_mail`."""

from __future__ import annotations

from intake_mail.app import open_service
from intake_mail.settings import Settings
from speakup.process import run

if __name__ == "__main__":
    run([open_service], Settings())
