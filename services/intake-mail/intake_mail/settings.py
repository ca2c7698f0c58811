"""Settings of intake-mail."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from speakup.settings import Common


class Settings(Common):
    """Variables with the prefix `SPEAKUP_`."""

    scan_folder: Path | None = None
    """Where a network scanner drops files."""
    timezone: ZoneInfo = ZoneInfo("Asia/Almaty")
    """Of the day on which a letter came."""
