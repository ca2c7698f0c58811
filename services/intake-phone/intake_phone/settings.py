"""Settings of intake-phone."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, model_validator

from speakup.settings import Common


class Settings(Common):
    """Variables with the prefix `SPEAKUP_`."""

    twilio_account_sid: str | None = Field(default=None, pattern=r"^AC[0-9a-f]{32}$")
    """Without it nobody can call: webhooks answer 503."""
    twilio_auth_token: SecretStr | None = None
    """Signs the webhooks and opens the API."""
    twilio_api_base: str = "https://api.twilio.com"

    phone_calls: int = Field(default=100, ge=1)
    """At a time; whoever calls then is told so and hears of the other channels."""
    phone_minutes_a_day: int = Field(default=3000, ge=1)
    """Of all calls together (UTC): what a flood of calls can cost at most."""

    texts: Path | None = None
    """A folder with the company's own texts: `kk.po`, `ru.po`, `en.po`."""
    phone_sounds: Path | None = None
    """A folder with studio recordings; each takes the place of the sound that it is named for (docs/phone.md)."""
    timezone: ZoneInfo = ZoneInfo("Asia/Almaty")
    """Of the days that are told."""

    @property
    def has_line(self) -> bool:
        """Whether an account at Twilio is set."""
        return self.twilio_account_sid is not None

    @model_validator(mode="after")
    def _are_together(self) -> Self:
        if (self.twilio_account_sid is None) != (self.twilio_auth_token is None):
            raise ValueError(
                "SPEAKUP_TWILIO_ACCOUNT_SID and SPEAKUP_TWILIO_AUTH_TOKEN go together: set both or neither"
            )
        return self
