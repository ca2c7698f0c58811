"""On Apache Kafka, as in production: a topic is deleted, and made again, while mails arrive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from embedded.apache_kafka import JARS, start_kafka
from speakup import topics
from tests.faults.breaking import broken_while_sending
from tests.faults.conftest import Scale
from tests.system import System, run_system


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where it listens."""
    if not JARS.is_dir():
        pytest.skip("Apache Kafka isn't here: make kafka")
    with start_kafka(tmp_path_factory.mktemp("kafka")) as started:
        yield started.bootstrap


@pytest.fixture(scope="module")
def system(kafka: str) -> Iterator[System]:
    environment = {
        "SPEAKUP_KAFKA_BOOTSTRAP": kafka,
        "SPEAKUP_CLASSIFY_WORKERS": "0",
        "SPEAKUP_OUTBOX_RETRY_SECONDS": "2",
    }
    with run_system(environment) as started:
        yield started


@pytest.mark.parametrize("topic", [topics.SUBMISSIONS, topics.CASES])
async def test_a_topic_deleted_and_made_again_loses_nothing(
    system: System, kafka: str, scale: Scale, topic: str
) -> None:
    async def delete() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        try:
            await admin.delete_topics([topic])
        finally:
            await admin.close()

    await broken_while_sending(system, scale, delete, 2)
