"""Settings that every service has: environment variables with the prefix `SPEAKUP_`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from sqlalchemy import URL


class Common(BaseSettings):
    """What every service needs to know. A service adds its own by deriving from it."""

    model_config = SettingsConfigDict(
        env_prefix="SPEAKUP_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    var: Path = Path("var")
    """Where data lie that are in no server: keys, blobs, logs."""
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = "http://127.0.0.1:8000"
    trusted_proxies: str = ""
    """IP addresses, parted by commas, of proxies before us: what they say of where a request came from is believed."""

    email_address: str = "speakup@localhost"
    """The hotline's address; its plus-addresses and postmaster are taken, too."""
    email_neutral_address: str | None = None
    """Another one, whose name tells nothing of a hotline: neutral mails to the employer's own domains come from it."""

    database_url: SecretStr = SecretStr("postgresql://speakup@127.0.0.1:5432/postgres")
    """A PostgreSQL server; each service uses a database of its own on it, made where it is missing."""
    keys_database_url: SecretStr | None = None
    """Another server for the wrapped case keys, so that they stay out of the main backups."""

    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    kafka_cert_file: Path | None = None
    kafka_key_file: Path | None = None
    kafka_session_timeout_ms: int = 10_000
    """How long a dead consumer keeps its partitions."""
    kafka_replication: int = Field(default=1, ge=1)
    """Of topics that we make; 3 on a cluster."""

    keys: Path | None = None
    """The folder of keys; `var/keys` by default. Adapters need only `public/` and their own."""
    blobs_url: str | None = None
    """Object store: `file:///…` (default `var/blobs`) or `s3://bucket/prefix`, `gs://`, `az://`."""

    outbox_retry_seconds: float = Field(default=300, gt=0)
    """After how long an unsettled event is published again, at first; then with back-off."""
    watchdog_seconds: float = Field(default=60, gt=0)
    """A consumer that is behind and makes no progress for so long ends its process."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def keys_folder(self) -> Path:
        """Where the keys are."""
        return self.keys or self.var / "keys"

    @property
    def blobs(self) -> str:
        """The object store's address."""
        return self.blobs_url or (self.var / "blobs").absolute().as_uri()

    def database(self, name: str) -> URL:
        """The address of the database `speakup_<name>`, for SQLAlchemy with asyncpg."""
        return self._server(name).set(database=f"speakup_{name}")

    def maintenance_database(self, name: str) -> URL:
        """The database to connect to while `speakup_<name>` doesn't exist yet."""
        url = self._server(name)
        return url if url.database else url.set(database="postgres")

    def _server(self, name: str) -> URL:
        # A third of a second that `make run` would wait for nothing before it starts the services.
        from sqlalchemy import make_url

        url = self.database_url
        if name == "keys" and self.keys_database_url is not None:
            url = self.keys_database_url
        return make_url(url.get_secret_value()).set(drivername="postgresql+asyncpg")
