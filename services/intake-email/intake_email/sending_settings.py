"""Settings of the sending worker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from intake_email.employer import EmployerMail
from speakup.settings import Common


class SendingSettings(Common):
    """Variables with the prefix `SPEAKUP_`."""

    port: int = Field(default=8001, ge=0, le=65535)
    """Of the worker's own health and metrics; not 8000, which is the edge's where both are on one machine."""
    texts: Path | None = None
    """A folder with `kk.po`, `ru.po`, `en.po` of the company's own, which override ours one by one."""
    relay_host: str = "127.0.0.1"
    """The company's mail server, which takes our mails."""
    relay_port: int = Field(default=2526, ge=1, le=65535)
    relay_tls: bool = False
    """TLS from the first byte; else STARTTLS is used where offered."""
    relay_require_tls: bool = False
    relay_username: str | None = None
    relay_password: SecretStr | None = None

    employer_domains: Annotated[tuple[str, ...], NoDecode] = ()
    """The employer's own mail domains, parted by commas; those below them count, too."""
    employer_mail: EmployerMail = EmployerMail.neutral
    """What is sent there: `withheld`, `neutral` or `normal`."""

    @property
    def shows_itself(self) -> bool:
        """Whether neutral mails have no sender but the hotline's own address."""
        neutral = self.employer_mail is EmployerMail.neutral and bool(self.employer_domains)
        return neutral and not self.email_neutral_address

    @field_validator("employer_domains", mode="before")
    @classmethod
    def _by_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("employer_domains")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for domain in value:
            # UnicodeError is a ValueError: a wrong one is told at the start, not upon a mail.
            domain.encode("idna")
        return value
