"""The batch consumer: messages from Kafka to a service's handler, none lost, none blocking the others.

The handler does its work in a transaction of its own and must recognise what it has done before. Offsets
are committed after it. What can pass by itself (no database, no keys) is waited for; what can't is halved
until the bad message stands alone and is put aside.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError
from prometheus_client import Counter, Gauge

from speakup import topics
from speakup.dead_letters import DeadLetters, RawMessage
from speakup.events import Event
from speakup.kafka import UNREACHABLE, ensure_topics, make_consumer, stop_quietly
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.rest import rest
from speakup.settings import Common

CONSUMED = Counter("speakup_consumed", "Messages handled", ["group"])
LAG = Gauge("speakup_consumer_lag", "Messages not yet handled", ["group"])
WAITING = Gauge("speakup_consumer_waiting", "1 while a dependency is away", ["group"])

BATCH = 2000
LOOK_SECONDS = 2.0

Handler = Callable[[Sequence[Event]], Awaitable[None]]
Parsed = tuple[RawMessage, Event]


class LaterError(Exception):
    """Raised by a handler that can't do its work now: the consumer waits and tries again."""


class StuckError(Exception):
    """The consumer is behind and makes no progress: its process ends and is started again."""


class Consumer:
    """Feeds one handler from some topics, as a member of a consumer group."""

    def __init__(
        self,
        settings: Common,
        *,
        group: str,
        topics: Collection[str],
        handle: Handler,
        dead_letters: DeadLetters,
        on_new_topic: Callable[[], None] | None = None,
        wait: float = 0.2,
        rest: float = 0.2,
    ) -> None:
        """`wait` is for `make_consumer`. `rest`: seconds from the beginning of a batch to the next one's, at least;
        what comes meanwhile shares that one, and what comes alone isn't held up.
        """
        self._settings, self._group, self._topics = settings, group, tuple(topics)
        self._handle, self._dead_letters = handle, dead_letters
        self._on_new_topic, self._wait, self._rest = on_new_topic, wait, rest
        self._log = get_logger(group)
        self._progress = time.monotonic()
        self._busy_since: float | None = None
        self._looked: dict[TopicPartition, tuple[int, int]] = {}
        self._waiting = False
        self._consumer: AIOKafkaConsumer | None = None
        self._stop = asyncio.Event()

    async def check(self) -> str | None:
        """For readiness: what is wrong, or None."""
        if self._waiting:
            return f"{self._group} waits for a database or a key store"
        if self._consumer is None or not self._consumer.assignment():
            return f"{self._group} isn't connected to the broker"
        return None

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop. Raises StuckError."""
        self._stop = stop
        pause = 0.1
        while not stop.is_set():
            started = time.monotonic()
            try:
                await self._connect_and_consume()
            except UNREACHABLE as error:
                self._log.warning("consumer_waits", group=self._group, exc_info=error)
            pause = 0.1 if time.monotonic() - started > 10 else min(pause * 2, 5.0)
            await rest(stop, pause)

    async def replay(self, message: RawMessage) -> None:
        """Handle one message now. Raises what the handler raises, or UnreadableRecordError."""
        await self._handle([topics.decode(message.value, message.headers, message.topic)])

    async def _connect_and_consume(self) -> None:
        await ensure_topics(self._settings, self._topics)
        consumer = make_consumer(self._settings, self._group, wait=self._wait)
        consumer.subscribe(self._topics)
        try:
            async with asyncio.timeout(60):
                await consumer.start()
            self._consumer = consumer
            self._progress = time.monotonic()
            consuming = asyncio.create_task(self._consume(consumer))
            watching = asyncio.create_task(self._watch(consumer))
            try:
                await asyncio.wait((consuming, watching), return_when=asyncio.FIRST_COMPLETED)
                if self._stop.is_set():
                    # The batch is finished; the process cancels us when the time is up.
                    await asyncio.wait((consuming,))
            finally:
                for task in (consuming, watching):
                    task.cancel()
                results = await asyncio.gather(consuming, watching, return_exceptions=True)
            for result in results:
                if isinstance(result, Exception):
                    raise result
        finally:
            self._consumer = None
            await stop_quietly(consumer.stop())

    async def _consume(self, consumer: AIOKafkaConsumer) -> None:
        while not self._stop.is_set():
            fetched = await consumer.getmany(timeout_ms=500, max_records=BATCH)
            records = [record for batch in fetched.values() for record in batch]
            if not records:
                continue
            # A graceful stop finishes the batch: the cancellation comes only when time is up.
            self._busy_since = began = time.monotonic()
            await self._take(records)
            self._busy_since = None
            self._progress = time.monotonic()
            CONSUMED.labels(self._group).inc(len(records))
            await self._commit(
                consumer, {place: batch[-1].offset + 1 for place, batch in fetched.items()}
            )
            if len(records) < BATCH:
                await rest(self._stop, began + self._rest - time.monotonic())

    async def _commit(self, consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
        try:
            async with asyncio.timeout(15):
                await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # Somebody else has the partition now; they see these messages again, which is harmless.
            self._log.info("commit_refused", group=self._group, exc_info=error)

    async def _take(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        parsed: list[Parsed] = []
        for record in records:
            message = RawMessage(
                record.topic,
                record.partition,
                record.offset,
                record.key,
                record.value,
                # A header's value may be null.
                tuple((name, value or b"") for name, value in record.headers),
            )
            try:
                parsed.append(
                    (message, topics.decode(message.value, message.headers, message.topic))
                )
            except topics.UnreadableRecordError as error:
                await self._put_aside(message, None, str(error))
        if parsed:
            await self._handle_or_halve(parsed)

    async def _handle_or_halve(self, parsed: Sequence[Parsed]) -> None:
        error = await self._patiently(lambda: self._handle([event for _, event in parsed]))
        if error is None:
            return
        if len(parsed) > 1:
            middle = len(parsed) // 2
            await self._handle_or_halve(parsed[:middle])
            await self._handle_or_halve(parsed[middle:])
            return
        message, event = parsed[0]
        self._log.error("message_put_aside", group=self._group, event_id=event.id, exc_info=error)
        await self._put_aside(message, event, type(error).__name__)

    async def _put_aside(self, message: RawMessage, event: Event | None, reason: str) -> None:
        error = await self._patiently(lambda: self._dead_letters.put(message, event, reason))
        if error is not None:
            raise error

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> Exception | None:
        """Do the work, however long its dependencies are away; its error where it is a real one."""
        pause = 0.05
        while True:
            try:
                await work()
            except Exception as error:
                if not (isinstance(error, LaterError) or is_unavailable(error)):
                    return error
                if not self._waiting:
                    self._log.warning("consumer_paused", group=self._group, exc_info=error)
                self._set_waiting(waiting=True)
                self._busy_since = time.monotonic()
                if self._stop.is_set():
                    # Nothing was committed: the batch comes again after the start.
                    raise TimeoutError from error
                await rest(self._stop, pause)
                pause = min(pause * 2, 5.0)
            else:
                self._set_waiting(waiting=False)
                return None

    def _set_waiting(self, *, waiting: bool) -> None:
        self._waiting = waiting
        WAITING.labels(self._group).set(waiting)

    async def _watch(self, consumer: AIOKafkaConsumer) -> None:
        """Look for a new topic under an old name, and for a consumer that is alive but stuck."""
        while True:
            await rest(self._stop, LOOK_SECONDS)
            if self._stop.is_set():
                return
            try:
                async with asyncio.timeout(5):
                    behind = await self._look(consumer)
            except (*UNREACHABLE, IllegalStateError):
                # The broker is away or has lost the topics, or partitions are just being dealt out:
                # that's no stall.
                with suppress(*UNREACHABLE):
                    await ensure_topics(self._settings, self._topics)
                self._progress = max(
                    self._progress, time.monotonic() - self._settings.watchdog_seconds / 2
                )
                continue
            LAG.labels(self._group).set(behind)
            now = time.monotonic()
            if self._waiting or (behind == 0 and self._busy_since is None):
                self._progress = now
            elif now - (self._busy_since or self._progress) > self._settings.watchdog_seconds:
                raise StuckError(self._group)

    async def _look(self, consumer: AIOKafkaConsumer) -> int:
        places = [place for place in consumer.assignment() if place.topic in self._topics]
        if not places:
            # Nothing assigned: another member has it all, or the topics are gone.
            await ensure_topics(self._settings, self._topics)
            return 0
        # Positions first: they go on while we ask for the ends, and must not seem to be beyond them.
        positions = {place: await consumer.position(place) for place in places}
        ends = await consumer.end_offsets(places)
        behind = 0
        for place, position in positions.items():
            if _is_new(self._looked.get(place), ends[place]):
                self._log.warning("topic_is_new", topic=place.topic, partition=place.partition)
                await consumer.seek_to_beginning(place)
                if self._on_new_topic is not None:
                    self._on_new_topic()
                position = 0
            self._looked[place] = position, ends[place]
            behind += max(0, max(ends[place], consumer.highwater(place) or 0) - position)
        return behind


def _is_new(before: tuple[int, int] | None, end: int) -> bool:
    """Whether this is another topic by the same name, by our last position and end and the end now.

    Ends only grow. Tansu tells as the end its last batch's first offset + 1: that may lie below our
    position, but once it has changed it lies above.
    """
    if before is None:
        return False
    position, last_end = before
    return end < last_end or (end != last_end and end <= position)
