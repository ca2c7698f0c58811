"""Pages of a list of 1,000,000 cases by the API, against PostgreSQL's own time for the same query."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from case_router.store import cases
from case_router.store.ordering import Sort
from case_router.tokens import Signer
from embedded import ports
from speakup.events import Channel, Kind, Language, Status
from speakup.staff import Role, Staff
from tests.bench.servers import Servers, start_servers, start_service

CASES = 1_000_000
ASKED = 40
"""Times each list is asked for, by turns with the plain query."""
PAGE = 50
GOAL_MS = 50
GOAL = 3.0

_CASES = """
INSERT INTO cases (case_number, channel, status, kind, kind_by, probability, category, language, needs_triage,
    restricted, urgent, to_classify, handler, received_at, opened_at, acknowledged_at, sequence, triaged_at,
    unit, priority, acknowledge_by, feedback_by, answered_at, closed_at)
SELECT
    (1 + n % 3) || lpad(n::text, 9, '0'),
    (ARRAY['phone', 'email', 'mail'])[1 + n % 3],
    CASE WHEN still_open THEN (ARRAY['new', 'in_review', 'in_progress', 'answered'])[1 + (r * 4)::int % 4]
         ELSE 'closed' END,
    (ARRAY['breach_report', 'breach_report', 'policy_inquiry', 'out_of_scope'])[1 + (r * 97)::int % 4],
    'bench', 0.9,
    (ARRAY['bribery_corruption', 'fraud_theft', 'procurement_collusion', 'conflict_of_interest', 'other',
           'labour_relations', 'labour_relations', 'data_privacy'])[1 + (r * 893)::int % 8],
    (ARRAY['kk', 'ru', 'ru', 'en'])[1 + (r * 7919)::int % 4],
    still_open AND r < 0.1, r > 0.99, r BETWEEN 0.5 AND 0.502, false,
    (SELECT array_agg(account_id ORDER BY name) FROM accounts WHERE role = 'handler')[1 + (r * 641)::int % 20],
    opened, opened, opened + interval '1 hour', 1, opened + interval '2 hours',
    'unit-' || (r * 1000)::int % 40, (ARRAY['low', 'normal', 'normal', 'high'])[1 + (r * 389)::int % 4],
    opened + interval '7 days', opened + interval '90 days',
    CASE WHEN NOT still_open THEN opened + interval '20 days' END,
    CASE WHEN NOT still_open THEN opened + interval '40 days' END
FROM (
    SELECT n, random() AS r, now() - interval '10 years' * (1 - n / {count}.0) AS opened,
        n > {count} * 0.99 OR random() < 0.002 AS still_open
    FROM generate_series(1, {count}) AS n
) AS one
"""


class _List(NamedTuple):
    """What somebody asks for: as the API takes it, and as the store does."""

    name: str
    role: Role
    query: dict[str, Any]
    filters: cases.Filters
    sort: Sort = Sort.newest


def _lists() -> Iterator[_List]:
    nothing = cases.Filters()
    for role in (Role.officer, Role.chair, Role.handler):
        yield _List(f"{role}: newest", role, {}, nothing)
    officer = Role.officer
    for sort in (Sort.oldest, Sort.due, Sort.priority):
        yield _List(f"by {sort}", officer, {"sort": sort}, nothing, sort)
    for name, filters in {
        "new": cases.Filters(status=Status.new),
        "to triage": cases.Filters(needs_triage=True),
        "breach reports in Kazakh by post": cases.Filters(
            kind=Kind.breach_report, language=Language.kk, channel=Channel.mail
        ),
        "one unit's open frauds": cases.Filters(
            unit="unit-7", category="fraud_theft", status=Status.in_progress
        ),
        "a unit without cases": cases.Filters(unit="nowhere"),
        "one handler's answered": cases.Filters(handler="handler-3", status=Status.answered),
    }.items():
        query = {
            key: value
            for key in ("status", "needs_triage", "kind", "language", "channel", "unit", "category")
            if (value := getattr(filters, key)) is not None
        }
        query |= {"handler": filters.handler} if filters.handler else {}
        yield _List(name, officer, query, filters)
    overdue = cases.Filters(due=(None, datetime.now(UTC)))
    yield _List("overdue", officer, {"due": "overdue"}, overdue)


async def measure(folder: Path) -> str:
    """A table: by list, median and p99 of the API in ms, and the ratio of medians to the query itself."""
    with start_servers(folder) as servers:
        async with start_service("case_router", servers, SPEAKUP_CLASSIFY_WORKERS="0"):
            pass  # its migrations
        staff = await _fill(servers)
        port = ports.free_port()
        async with start_service("case_router", servers, SPEAKUP_CLASSIFY_WORKERS="0", port=port):
            return await _measured(servers, staff, port)


def _database(servers: Servers) -> str:
    return servers.database_url.removesuffix("/postgres") + "/speakup_router"


async def _fill(servers: Servers) -> dict[Role, Staff]:
    connection = await asyncpg.connect(_database(servers))
    staff = {}
    try:
        for role, count in {Role.handler: 20, Role.officer: 1, Role.chair: 1}.items():
            for place in range(count):
                one = Staff(str(uuid4()), f"{role}-{place}", role, narratives=True)
                await connection.execute(
                    "INSERT INTO accounts (account_id, name, role) VALUES ($1, $2, $3)",
                    UUID(one.account_id), one.name, role.value,
                )  # fmt: skip
                staff[role] = one
        await connection.execute(_CASES.format(count=CASES), timeout=600)
        # Everybody is kept out of some.
        await connection.execute(
            "INSERT INTO exclusions SELECT case_number, account_id FROM accounts, "
            "(SELECT case_number FROM cases ORDER BY random() LIMIT 5000) AS others"
        )
        await connection.execute("VACUUM ANALYZE", timeout=600)
    finally:
        await connection.close()
    return staff


@dataclass(frozen=True, slots=True)
class _Times:
    """Seconds."""

    api: list[float]
    plain: list[float]

    def line(self, name: str) -> str:
        api, plain = statistics.median(self.api) * 1000, statistics.median(self.plain) * 1000
        return (
            f"  {name}: {api:.1f} ms, p99 {p99(self.api):.1f}; the query {plain:.1f} ms; "
            f"ratio {api / plain:.2f}"
        )


def p99(seconds: list[float]) -> float:
    """In ms."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[98] * 1000


async def _measured(servers: Servers, staff: dict[Role, Staff], port: int) -> str:
    signer = Signer(servers.keys)
    lines, every, ratios = [], [], []
    connection = await asyncpg.connect(_database(servers))
    # A client of few steps: httpx takes as long to ask as the service to answer.
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        for one in _lists():
            token = {"Authorization": f"Bearer {signer.sign(staff[one.role])}"}
            times = await _asked(client, connection, one, staff[one.role], token)
            lines.append(times.line(one.name))
            every += times.api
            ratios.append(statistics.median(times.api) / statistics.median(times.plain))
    await connection.close()
    return (
        f"a page of {PAGE} of {CASES:,} cases: p99 {p99(every):.1f} ms (goal < {GOAL_MS}); "
        f"to PostgreSQL's own time for the query: ratio {statistics.median(ratios):.2f} "
        f"(median of lists; worst {max(ratios):.2f}; goal <= {GOAL})\n" + "\n".join(lines)
    )


async def _asked(
    client: http.client.HTTPConnection,
    connection: Any,
    one: _List,
    staff: Staff,
    token: dict[str, str],
) -> _Times:
    path = "/api/v1/cases?" + urlencode({"limit": PAGE} | one.query)
    statement = await connection.prepare(_statement(one, staff))
    times = _Times([], [])
    for place in range(ASKED + 5):
        start = time.perf_counter()
        client.request("GET", path, headers=token)
        answer = client.getresponse().read()
        between = time.perf_counter()
        rows = await statement.fetch()
        end = time.perf_counter()
        if len(json.loads(answer)["items"]) != min(len(rows), PAGE):
            raise RuntimeError(f"{one.name}: another list than the query's")
        if place >= 5:  # the first ones warm up
            times.api.append(between - start)
            times.plain.append(end - between)
    return times


def _statement(one: _List, staff: Staff) -> str:
    query = cases.listed(staff, one.filters, sort=one.sort).limit(PAGE + 1)
    dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return str(compiled)
