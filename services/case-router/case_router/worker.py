"""The classifying worker: gives every case a kind, without ever holding up its opening."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import Counter
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router.opinion import FUNCTION, UNREADABLE, Job, Opinion, of_machines_mail
from case_router.recordings import words
from case_router.store import amendments, history
from case_router.store.clocks import Clocks
from case_router.store.narratives import open_recordings
from case_router.store.rows import AnyRow
from case_router.store.vault import Vault, content_context
from speakup import outbox, seal, topics
from speakup.consume import LaterError
from speakup.events import Automatic, CaseClassified, Channel, Kind
from speakup.logs import get_logger
from speakup.relay import Relay
from speakup.rest import rest
from speakup.sandbox import Sandbox, SandboxError, open_sandbox
from speakup.submission import Content

CLASSIFIED = Counter("speakup_cases_classified", "Cases classified", ["kind", "needs_triage"])

AT_A_TIME = 8
"""Cases whose rows a worker locks: word of an acknowledgement waits for as long as their texts take."""
LOOK_SECONDS = 0.5

log = get_logger("case-router")


@dataclass(frozen=True, slots=True)
class _Case:
    number: str
    channel: Channel
    hint: Kind | None
    automatic: Automatic | None
    text: str | None


class Worker:
    """Takes cases without an opinion. More workers, in more processes, take others."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        vault: Vault,
        relay: Relay,
        clocks: Clocks,
        retry: float,
    ) -> None:
        self._clocks = clocks
        self._engine, self._vault, self._relay, self._retry = engine, vault, relay, retry

    async def run(self, stop: asyncio.Event) -> None:
        """Classify until told to stop."""
        async with open_sandbox(FUNCTION, children=1, seconds=20, megabytes=1024) as sandbox:
            with suppress(SandboxError):
                # Before any row is locked: the model takes a second to load.
                await sandbox.warm_up()
            await self._classify(sandbox, stop)

    async def _classify(self, sandbox: Sandbox, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                count = await self._classify_some(sandbox)
            except (SQLAlchemyError, OSError, LaterError) as error:
                log.warning("classifier_waits", exc_info=error)
                count = 0
            if count == 0:
                await rest(stop, LOOK_SECONDS)

    async def _classify_some(self, sandbox: Sandbox) -> int:
        async with self._engine.begin() as connection:
            cases = await self._take(connection)
            opinions = {case.number: await _opinion(sandbox, case) for case in cases}
            records = await _write(connection, opinions) if opinions else []
            await self._clocks.reckon(connection, list(opinions))
            await outbox.add(connection, records, retry=self._retry)
        self._relay.publish_soon(records)
        for opinion in opinions.values():
            CLASSIFIED.labels(opinion.kind, opinion.needs_triage).inc()
        return len(cases)

    async def _take(self, connection: AsyncConnection) -> list[_Case]:
        rows = (
            await connection.execute(
                text(
                    """
                    SELECT c.case_number, c.channel, c.hint, c.automatic, s.submission_id,
                           s.content_locked
                    FROM cases c JOIN submissions s USING (case_number)
                    WHERE c.to_classify AND NOT s.follow_up
                    ORDER BY c.opened_at LIMIT :limit FOR UPDATE OF c SKIP LOCKED
                    """
                ),
                {"limit": AT_A_TIME},
            )
        ).all()
        spoken = await self._amendments(connection, rows)
        keys: dict[str, bytes] = {}
        with suppress(seal.CannotOpenError):
            # A key that can't be opened leaves a case without words, for a person to see.
            keys = await self._vault.keys_of([row.case_number for row in rows]) if rows else {}
        return [
            _Case(
                row.case_number,
                Channel(row.channel),
                Kind(row.hint) if row.hint else None,
                Automatic(row.automatic) if row.automatic else None,
                # What no person wrote is never asked about.
                None
                if row.automatic
                else _words(keys.get(row.case_number), row, spoken.get(row.case_number, ())),
            )
            for row in rows
        ]

    async def _amendments(
        self, connection: AsyncConnection, rows: Sequence[AnyRow]
    ) -> dict[str, Sequence[AnyRow]]:
        """Of calls: their words are in the transcripts."""
        numbers = [row.case_number for row in rows if row.channel == Channel.phone]
        return {number: await amendments.of_case(connection, number) for number in numbers}


def _words(key: bytes | None, row: AnyRow, spoken: Sequence[AnyRow]) -> str | None:
    if key is None:
        return None
    number, locked, submission_id = row.case_number, row.content_locked, row.submission_id
    try:
        content = Content.model_validate_json(
            seal.unlock(key, locked, content_context(number, submission_id))
        )
    except (seal.CannotOpenError, ValidationError):
        # A person will see that it can't be opened; the other cases go on.
        log.exception("narrative_unreadable", case_number=number)
        return None
    written = f"{content.subject}\n{content.text}".strip()
    return written or words(open_recordings(key, spoken))


async def _write(
    connection: AsyncConnection, opinions: Mapping[str, Opinion]
) -> list[topics.Record]:
    found = list(opinions.values())
    sequences = await connection.execute(
        text(
            """
            UPDATE cases
            SET to_classify = false, kind = found.kind, kind_by = version, probability = found.probability,
                category = found.category, needs_triage = found.needs_triage,
                language = coalesce(found.language, cases.language), sequence = sequence + 1
            FROM unnest(CAST(:numbers AS text[]), CAST(:kinds AS text[]), CAST(:versions AS text[]),
                        CAST(:probabilities AS float8[]), CAST(:categories AS text[]),
                        CAST(:triages AS bool[]), CAST(:languages AS text[]))
                 AS found (number, kind, version, probability, category, needs_triage, language)
            WHERE case_number = number
            RETURNING case_number, sequence
            """
        ),
        {
            "numbers": list(opinions),
            "kinds": [opinion.kind for opinion in found],
            "versions": [opinion.version for opinion in found],
            "probabilities": [opinion.probability for opinion in found],
            "categories": [opinion.category for opinion in found],
            "triages": [opinion.needs_triage for opinion in found],
            "languages": [opinion.language for opinion in found],
        },
    )
    for version in {opinion.version for opinion in found}:
        numbers = [number for number, opinion in opinions.items() if opinion.version == version]
        await history.note(connection, "case.classified", numbers, subject=version)
    return [_record(row.case_number, row.sequence, opinions[row.case_number]) for row in sequences]


def _record(number: str, sequence: int, found: Opinion) -> topics.Record:
    payload = CaseClassified(
        case_number=number,
        sequence=sequence,
        occurred_at=datetime.now(UTC),
        kind=found.kind,
        probability=found.probability,
        needs_triage=found.needs_triage,
        category=found.category,
        language=found.language,
        version=found.version,
    )
    return history.record(payload, number)


async def _opinion(sandbox: Sandbox, case: _Case) -> Opinion:
    if case.automatic is not None:
        return of_machines_mail(case.automatic)
    job = Job(text=case.text or "", channel=case.channel, hint=case.hint)
    try:
        return Opinion.model_validate_json(await sandbox.run(job.model_dump_json().encode()))
    except (SandboxError, ValueError) as error:
        if str(error) in ("unstartable", "closed"):
            # That says nothing about the text.
            raise LaterError from error
        log.warning("case_unclassified", case_number=case.number, reason=str(error)[:40])
        return UNREADABLE
