"""Puts the parts of `make run` together: servers that aren't given, keys, services, first accounts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from embedded import first_start, practice_credentials
from embedded.broker import Broker
from embedded.child import StartError
from embedded.first_start import FirstAccounts
from embedded.postgres import Postgres
from embedded.screen import say
from embedded.services_process import ServicesProcess
from embedded.settings import Settings
from embedded.supervise import Server, Supervisor
from embedded.where import Place

LOG_BYTES = 50 * 2**20

SESSION_MS = "1500"
"""Of consumers on the embedded broker: a join takes half of it, a restart waits it out."""


def build(settings: Settings, place: Place) -> Supervisor:
    """The supervisor, not yet running; keys and passwords are on disk when this returns."""
    logs = place.var / "log"
    logs.mkdir(exist_ok=True, mode=0o700)
    for log in logs.glob("*.log"):
        if log.stat().st_size > LOG_BYTES:
            log.rename(log.with_suffix(".log.1"))
    first = FirstAccounts(place.var)
    if not first.are_made():
        say(f"first start: making the database, keys and accounts in {place.var} ...")
        first.ensure_file()
    first_start.ensure_keys((settings.keys or place.var / "keys").absolute())
    if not settings.has_line:
        practice_credentials.ensure(place.var)
        say(
            "no Twilio account is set (SPEAKUP_TWILIO_ACCOUNT_SID): `make demo` calls by a practice line"
        )
    postgres = None if settings.has_database else Postgres(place.postgres, logs / "postgres.log")
    broker = None if settings.has_kafka else Broker(place.var, log=logs / "broker.log")
    servers: list[Server] = [server for server in (postgres, broker) if server is not None]

    def environment() -> Mapping[str, str]:
        return _environment(settings, place, postgres, broker)

    def ready(given: Mapping[str, str]) -> None:
        if not first.are_made():
            _add_accounts(first.file, given)
            say(first.shown())
            first.note_made()
        say(f"ready: http://127.0.0.1:{settings.port}")

    services = ServicesProcess(settings.port, logs / "services.log")
    return Supervisor(servers, services, environment, ready)


def _environment(
    settings: Settings, place: Place, postgres: Postgres | None, broker: Broker | None
) -> Mapping[str, str]:
    """For the services: what was given, and what is embedded."""
    given = {
        "SPEAKUP_PUBLIC_URL": f"http://127.0.0.1:{settings.port}",
        **({"SPEAKUP_KAFKA_SESSION_TIMEOUT_MS": SESSION_MS} if broker is not None else {}),
        **os.environ,
        "SPEAKUP_VAR": str(place.var),
        "SPEAKUP_PORT": str(settings.port),
        "SPEAKUP_SMTP_PORT": str(settings.smtp_port),
    }
    if not settings.has_line:
        given |= practice_credentials.read(place.var).environment
    if postgres is not None:
        given["SPEAKUP_DATABASE_URL"] = postgres.url
    if broker is not None:
        given["SPEAKUP_KAFKA_BOOTSTRAP"] = broker.bootstrap
    return given


def _add_accounts(file: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "case_router", "accounts", "add-from", str(file)],
        env=dict(environment),
        capture_output=True,
        check=False,
        text=True,
        start_new_session=True,
        timeout=120,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["nothing was said"]
        raise StartError(f"the first accounts can't be made: {said[-1][:300]}")
