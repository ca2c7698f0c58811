"""The process `python -m reporting`."""

from __future__ import annotations

from reporting.app import open_service
from reporting.settings import Settings
from speakup.process import run

if __name__ == "__main__":
    run([open_service], Settings())
