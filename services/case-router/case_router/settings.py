"""Settings of case-router."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from case_router.profiles import AlertsProfile, RetentionProfile
from case_router.sla import Sla
from speakup.settings import Common


class Settings(Common):
    """Variables with the prefix `SPEAKUP_`."""

    classify_workers: int = Field(default=1, ge=0)
    """How many cases are classified at a time; 0 leaves it to other instances."""
    intake_key_days: float = Field(default=7, gt=0)
    """After how many days submissions are sealed to a new key."""
    intake_key_grace_days: float = Field(default=7, gt=0)
    """How long a replaced key is kept at least; longer, while an adapter still needs it."""

    timezone: ZoneInfo = ZoneInfo("Asia/Almaty")
    """Of the dates on letters, and of deadlines."""
    sla: Sla = Sla()
    """As JSON. These three hold until an admin sets the profile at run time."""
    retention: RetentionProfile = RetentionProfile()
    alerts: AlertsProfile = AlertsProfile()

    @property
    def intake_key_age(self) -> timedelta:
        """When a key is replaced."""
        return timedelta(days=self.intake_key_days)

    @property
    def intake_key_grace(self) -> timedelta:
        """When a replaced key may be destroyed."""
        return timedelta(days=self.intake_key_grace_days)
