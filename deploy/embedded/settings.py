"""Settings of `make run`: what every service has, and where mail is taken."""

from __future__ import annotations

from pydantic import Field

from embedded import ports
from speakup.settings import Common


class Settings(Common):
    """Variables with the prefix `SPEAKUP_`. What is set is given: no embedded server is started for it."""

    smtp_port: int = Field(default=2525, ge=0, le=65535)
    twilio_account_sid: str | None = None

    @property
    def has_database(self) -> bool:
        """Whether a PostgreSQL server is given."""
        return "database_url" in self.model_fields_set

    @property
    def has_kafka(self) -> bool:
        """Whether a Kafka is given."""
        return "kafka_bootstrap" in self.model_fields_set

    @property
    def has_line(self) -> bool:
        """Whether an account at Twilio is given."""
        return "twilio_account_sid" in self.model_fields_set

    @property
    def has_var(self) -> bool:
        """Whether the folder of data is given."""
        return "var" in self.model_fields_set


def with_ports(settings: Settings) -> Settings:
    """Free ports in the place of 0, so that all parts and the last line know them."""
    return settings.model_copy(
        update={
            name: getattr(settings, name) or ports.free_port() for name in ("port", "smtp_port")
        }
    )
