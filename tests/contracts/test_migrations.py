"""Migrations and models say the same: what the code reads is what an installation has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection, MetaData

import case_router.tables
import case_router.work_tables
import intake_email.tables
import intake_mail.tables
import intake_phone.tables
import reporting.tables
from speakup import postgres
from speakup.settings import Common

SERVICES = Path(__file__).parents[2] / "services"


@pytest.mark.parametrize(
    ("name", "migrations", "metadata"),
    [
        ("email", "intake-email/intake_email/migrations", intake_email.tables.metadata),
        ("mail", "intake-mail/intake_mail/migrations", intake_mail.tables.metadata),
        ("phone", "intake-phone/intake_phone/migrations", intake_phone.tables.metadata),
        ("router", "case-router/case_router/migrations", case_router.tables.metadata),
        ("keys", "case-router/case_router/keys_migrations", case_router.tables.keys_metadata),
        ("reporting", "reporting/reporting/migrations", reporting.tables.metadata),
    ],
)
async def test_a_migrated_database_is_what_the_models_say(
    postgres_url: str, name: str, migrations: str, metadata: MetaData
) -> None:
    settings = Common(database_url=SecretStr(postgres_url))
    await postgres.prepare(settings, name, SERVICES / migrations)
    # Again, as at every start: nothing happens.
    await postgres.prepare(settings, name, SERVICES / migrations)
    engine = postgres.open_engine(settings.database(name))

    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
