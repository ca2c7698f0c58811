"""Events said without an outbox: a loss does no harm, since whoever waits for one asks again.

For the words that settle other services' outbox rows (`facts.recorded`, `delivery.recorded`): if one is
lost, the row is published again, and seen twice it is answered again.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Collection, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client import Counter

from speakup.events import Event
from speakup.kafka import UNREACHABLE, ensure_topics, make_producer, stop_quietly
from speakup.logs import get_logger
from speakup.rest import rest
from speakup.settings import Common
from speakup.topics import Record, encode

LOST = Counter("speakup_unsaid", "Events dropped: the broker was away or refused", ["service"])

LIMIT = 1000
"""Events kept for a broker that is away; beyond it the oldest are dropped."""
CHUNK = 50
SEND_SECONDS = 20.0


class Speaker:
    """Publishes events of one service, each at most once."""

    def __init__(self, service: str, settings: Common, topics: Collection[str]) -> None:
        self._service, self._settings, self._topics = service, settings, tuple(topics)
        self._queue: deque[Record] = deque()
        self._wake = asyncio.Event()
        self._log = get_logger(service)

    def say(self, events: Sequence[Event]) -> None:
        """Queue events; returns at once."""
        self._queue.extend(encode(event) for event in events)
        beyond = max(0, len(self._queue) - LIMIT)
        for _ in range(beyond):
            self._queue.popleft()
        LOST.labels(self._service).inc(beyond)
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop; what is queued then still goes out, if the broker is there."""
        pause = 0.1
        while not stop.is_set():
            started = time.monotonic()
            try:
                await self._connect_and_send(stop)
            except UNREACHABLE as error:
                self._log.warning("speaker_waits", exc_info=error)
            pause = 0.1 if time.monotonic() - started > 10 else min(pause * 2, 5.0)
            await rest(stop, pause)

    async def _connect_and_send(self, stop: asyncio.Event) -> None:
        await ensure_topics(self._settings, self._topics)
        producer = make_producer(self._settings)
        stopping = asyncio.create_task(_set_after(stop, self._wake))
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await producer.start()
            while not stop.is_set():
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    await self._send(producer)
        finally:
            stopping.cancel()
            await stop_quietly(producer.stop())

    async def _send(self, producer: AIOKafkaProducer) -> None:
        """Send a chunk; what fails is dropped. Raises what is in UNREACHABLE."""
        records = [self._queue.popleft() for _ in range(min(CHUNK, len(self._queue)))]
        said = 0
        try:
            async with asyncio.timeout(SEND_SECONDS):
                sending = [
                    await producer.send(r.topic, r.value, r.key, headers=list(r.headers))
                    for r in records
                ]
                results = await asyncio.gather(*sending, return_exceptions=True)
            errors = [result for result in results if isinstance(result, BaseException)]
            said = len(records) - len(errors)
        finally:
            LOST.labels(self._service).inc(len(records) - said)
        for error in errors:
            if not isinstance(error, KafkaError) or error.retriable:
                raise error
            self._log.error("event_refused", exc_info=error)


async def _set_after(first: asyncio.Event, then: asyncio.Event) -> None:
    await first.wait()
    then.set()
