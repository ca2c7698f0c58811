"""Settings of case-router."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, HttpUrl, SecretStr, model_validator

from case_router.directory import DirectorySettings
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

    audit_anchors: Path | None = None
    """Where the audit log's head of each day is kept, `var/audit-anchors` by default: copy it elsewhere."""

    timezone: ZoneInfo = ZoneInfo("Asia/Almaty")
    """Of the dates on letters, and of deadlines."""
    sla: Sla = Sla()
    """As JSON. These three hold until an admin sets the profile at run time."""
    retention: RetentionProfile = RetentionProfile()
    alerts: AlertsProfile = AlertsProfile()

    staff_smtp_host: str | None = None
    """The company's mail server, for reminders and alerts to staff; without one there are none by mail."""
    staff_smtp_port: int = Field(default=25, ge=1, le=65535)
    staff_smtp_tls: bool = False
    """TLS from the first byte; else STARTTLS is used where offered."""
    staff_smtp_require_tls: bool = False
    staff_smtp_username: str | None = None
    staff_smtp_password: SecretStr | None = None
    staff_smtp_sender: str | None = None
    """By default `noreply` at the domain of the hotline's address: what staff reply isn't to become a case."""

    alert_webhook: HttpUrl | None = None
    """Told of urgent cases: number and link, signed. Not of restricted cases, nor where somebody is kept out."""
    alert_webhook_chair: HttpUrl | None = None
    """The same, of restricted cases; read by the chair alone."""
    alert_webhook_secret: SecretStr | None = Field(default=None, min_length=16)
    """Signs what is posted to them."""

    @model_validator(mode="after")
    def _webhooks_are_signed(self) -> Settings:
        if (self.alert_webhook or self.alert_webhook_chair) and self.alert_webhook_secret is None:
            raise ValueError("set SPEAKUP_ALERT_WEBHOOK_SECRET: what the webhook is told is signed")
        return self

    ldap_url: str = ""
    """Of the company's directory, `ldaps://…`; empty: the staff comes by CSV. `directory.DirectorySettings` says
    what these are, and what holds where one isn't set.
    """
    ldap_base: str = ""
    ldap_bind: str = ""
    ldap_password: SecretStr = SecretStr("")
    ldap_ca_file: Path | None = None
    ldap_filter: str | None = None
    ldap_number: str | None = None
    ldap_name: str | None = None
    ldap_manager: str | None = None
    ldap_unit: str | None = None
    ldap_account: str | None = None
    ldap_hours: float | None = Field(default=None, ge=0)

    @property
    def directory(self) -> DirectorySettings | None:
        """Where staff is read from; None: there is no directory."""
        if not self.ldap_url:
            return None
        given = self.model_dump(include={f"ldap_{name}" for name in DirectorySettings.model_fields})
        return DirectorySettings.model_validate(
            {
                name.removeprefix("ldap_"): value
                for name, value in given.items()
                if value is not None
            }
        )

    @property
    def intake_key_age(self) -> timedelta:
        """When a key is replaced."""
        return timedelta(days=self.intake_key_days)

    @property
    def intake_key_grace(self) -> timedelta:
        """When a replaced key may be destroyed."""
        return timedelta(days=self.intake_key_grace_days)

    @property
    def anchors_folder(self) -> Path:
        """Of the audit log's anchors."""
        return self.audit_anchors or self.var / "audit-anchors"
