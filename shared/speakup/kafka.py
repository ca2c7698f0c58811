"""Connections to Kafka, made the one way that is safe for us (findings.md, Broker)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from speakup.settings import Common
from speakup.topics import PARTITIONS

UNREACHABLE: tuple[type[Exception], ...] = (KafkaError, OSError, TimeoutError)

STOP_SECONDS = 3.0
"""How long a client may take to stop; with the broker away it never would (aiokafka #1013, #1101)."""


def _connection(settings: Common) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap,
        "security_protocol": settings.kafka_security_protocol,
        "request_timeout_ms": 15_000,
        "retry_backoff_ms": 100,
        "metadata_max_age_ms": 30_000,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_cert_file is not None:
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file)
        options["ssl_context"] = context
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_password
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username or "",
            "sasl_plain_password": password.get_secret_value() if password else "",
        }
    return options


def make_producer(settings: Common) -> AIOKafkaProducer:
    """A producer that waits for all replicas. No idempotence: consumers recognise a repetition."""
    return AIOKafkaProducer(
        acks="all",
        enable_idempotence=False,
        max_request_size=1_000_000,
        # A partition gets one batch a request: the usual 16 kB would be one sealed submission.
        max_batch_size=500_000,
        **_connection(settings),
    )


def make_consumer(settings: Common, group: str, *, wait: float = 0.05) -> AIOKafkaConsumer:
    """A consumer that commits only when told to, and starts at the beginning where nothing is known.

    `wait`: seconds that a fetch may stay with a broker that has nothing. Apache Kafka answers when something
    comes; Tansu looks again after half of what is left of them, so they bound the latency.
    """
    return AIOKafkaConsumer(
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=round(wait * 1000),
        # A sealed submission is some 8 kB: enough for full batches.
        max_partition_fetch_bytes=8 * 1024 * 1024,
        session_timeout_ms=settings.kafka_session_timeout_ms,
        heartbeat_interval_ms=max(300, settings.kafka_session_timeout_ms // 5),
        # A batch waits as long as the database is away; the watchdog looks for real stalls.
        max_poll_interval_ms=24 * 3600 * 1000,
        **_connection(settings),
    )


async def ensure_topics(settings: Common, topics: Collection[str]) -> None:
    """Make the topics that are missing. Raises what is in UNREACHABLE."""
    admin = AIOKafkaAdminClient(**_connection(settings))
    try:
        async with asyncio.timeout(20):
            await admin.start()
            there = set(await admin.list_topics())
            for topic in set(topics) - there:
                response = await admin.create_topics(
                    [NewTopic(topic, PARTITIONS, settings.kafka_replication)]
                )
                for _, code, *_ in response.topic_errors:
                    # Another service may have been faster.
                    if code not in (0, TopicAlreadyExistsError.errno):
                        raise for_code(code)
    finally:
        await stop_quietly(admin.close())


async def stop_quietly(stopping: Any) -> None:
    """Stop a client, but not for ever; what it can't say goodbye to will notice."""
    with suppress(*UNREACHABLE, asyncio.CancelledError):
        await asyncio.wait_for(stopping, STOP_SECONDS)
