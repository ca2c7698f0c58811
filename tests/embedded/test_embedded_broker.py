"""The embedded broker, and Apache Kafka in its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiokafka.errors import InvalidTopicError

from embedded.apache_kafka import JARS, start_kafka
from embedded.broker import start_broker
from speakup.kafka import ensure_topics
from speakup.settings import Common


async def test_a_killed_broker_comes_back_on_its_port_and_empty(tmp_path: Path) -> None:
    with start_broker(tmp_path) as broker:
        settings = Common(kafka_bootstrap=broker.bootstrap)
        await ensure_topics(settings, ["one"])
        before = broker.bootstrap
        broker.kill()
        broker.start()
        assert broker.bootstrap == before
        await ensure_topics(settings, ["one"])


async def test_apache_kafka_starts_again_and_refuses_aloud(tmp_path: Path) -> None:
    if not JARS.is_dir():
        pytest.skip("Apache Kafka isn't here: make kafka")
    with start_kafka(tmp_path) as kafka:
        kafka.kill()
        kafka.start()
        settings = Common(kafka_bootstrap=kafka.bootstrap)
        await ensure_topics(settings, ["one"])
        with pytest.raises(InvalidTopicError):
            await ensure_topics(settings, ["not a name"])
