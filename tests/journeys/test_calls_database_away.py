"""The database is away while somebody calls: they hear it in three languages; it is back, and calls work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedded import practice_credentials
from embedded.demo_calls import words_of
from embedded.postgres import Postgres, start_postgres
from tests import calling
from tests.calling import hears
from tests.system import run_system
from tests.twilio_double import TwilioDouble


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server that the test stops and starts."""
    with start_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


async def test_a_caller_hears_that_it_does_not_work_and_can_call_again_when_it_does(
    database: Postgres,
) -> None:
    account = practice_credentials.make()
    environment = {**account.environment, "SPEAKUP_DATABASE_URL": database.url}
    with run_system(environment) as system:
        await calling.require_phone(system)
        url = f"{system.url}/phone"
        async with TwilioDouble(
            account, f"{url}/voice", status_url=f"{url}/status", words=words_of
        ) as line:
            told = await calling.leave_message(line)
            await calling.recorded(system, told.number)

            async with line.call("en") as caller:
                await calling.to_the_beep(caller)
                await caller.speaks(calling.TONE)
                database.stop()
                await caller.press("#")
                for language in ("ru", "en"):
                    await hears(caller, language, "unavailable", "channels")
            async with line.call() as caller:
                await hears(caller, "en", "unavailable", "channels")

            database.start()
            later = await calling.leave_message(line)
            await calling.recorded(system, later.number)
