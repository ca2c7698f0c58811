"""One running system for all journeys; on Apache Kafka where SPEAKUP_TEST_KAFKA=apache."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from embedded import practice_credentials
from embedded.apache_kafka import start_kafka
from embedded.demo_calls import words_of
from embedded.practice_credentials import Credentials
from tests import calling
from tests.mailbox import Mailbox, open_mailbox
from tests.system import System, run_system
from tests.twilio_double import TwilioDouble


@pytest.fixture(scope="session")
def kafka_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Nothing for the embedded broker, or where Apache Kafka is."""
    if os.environ.get("SPEAKUP_TEST_KAFKA") != "apache":
        yield {}
        return
    with start_kafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield {"SPEAKUP_KAFKA_BOOTSTRAP": kafka.bootstrap}


@pytest.fixture(scope="session")
def twilio_account() -> Credentials:
    """An account at the double of Twilio."""
    return practice_credentials.make()


@pytest.fixture(scope="session")
def system(kafka_environment: dict[str, str], twilio_account: Credentials) -> Iterator[System]:
    """Started as `make run` starts it."""
    with run_system({**kafka_environment, **twilio_account.environment}) as started:
        yield started


@pytest.fixture
async def line(system: System, twilio_account: Credentials) -> AsyncIterator[TwilioDouble]:
    """The hotline's number, with all of Twilio's caprices that a test turns on."""
    await calling.require_phone(system)
    url = f"{system.url}/phone"
    async with TwilioDouble(
        twilio_account, f"{url}/voice", status_url=f"{url}/status", words=words_of
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
def mailbox(system: System) -> Iterator[Mailbox]:
    """Where the system's answers arrive."""
    with open_mailbox(system.relay_port) as opened:
        yield opened
