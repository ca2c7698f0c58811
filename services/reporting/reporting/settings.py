"""Settings of reporting."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from speakup.settings import Common


class Settings(Common):
    """Variables with the prefix `SPEAKUP_`."""

    timezone: ZoneInfo = ZoneInfo("Asia/Almaty")
    """Where a day begins. A case keeps the day that it was given when it was opened."""
