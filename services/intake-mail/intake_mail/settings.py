"""Settings of intake-mail: so far those that every service has. The channel's own issue fills it."""

from __future__ import annotations

from speakup.settings import Common


class Settings(Common):
    """Variables with the prefix `SPEAKUP_`."""
