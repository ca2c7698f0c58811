"""The process `python -m intake_phone`."""

from __future__ import annotations

from intake_phone.app import open_service
from intake_phone.settings import Settings
from speakup.process import run

if __name__ == "__main__":
    run([open_service], Settings())
