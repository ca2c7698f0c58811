"""The audit log over HTTP, and where its entries say that requests came from."""

from __future__ import annotations

import csv
import io

import pytest

from case_router.api import audit
from speakup import client_address
from tests.case_router.world import World

OF_CHAIRS_AND_OTHERS = ["admin", "chair", "handler", "mailroom", "officer"]


async def test_a_reading_is_an_entry_with_who_and_from_where(world: World) -> None:
    number = await world.add_case()
    await world.get(f"/cases/{number}")
    (read,) = (await world.get("/audit?action=case.read", "auditor")).json()["items"]
    assert (read["account"], read["case_number"], read["address"]) == (
        "officer",
        number,
        "127.0.0.1",
    )


async def test_reading_the_log_is_an_entry_too(world: World) -> None:
    await world.get("/audit", "auditor")
    (first, *_) = (await world.get("/audit", "auditor")).json()["items"]
    assert (first["action"], first["account"]) == ("audit.read", "auditor")


@pytest.mark.parametrize("role", OF_CHAIRS_AND_OTHERS)
async def test_to_others_the_log_isnt_there(world: World, role: str) -> None:
    for path in ("/audit", "/audit.csv"):
        assert (await world.get(path, role)).status_code == 404


async def test_an_auditor_who_is_kept_out_of_a_case_reads_nothing_of_it(world: World) -> None:
    number = await world.add_case()
    await world.get(f"/cases/{number}")
    await world.execute(
        "INSERT INTO exclusions (case_number, account_id) VALUES (:n, :a)",
        n=number,
        a=world.accounts["auditor"],
    )
    assert number not in (await world.get("/audit?action=case.read", "auditor")).text


async def test_nor_of_what_it_is_linked_to(world: World) -> None:
    number, other = await world.add_case(), await world.add_case()
    linked = await world.change(number, "links", {"other": other, "relation": "same_event"})
    assert linked.status_code == 201
    await world.execute(
        "INSERT INTO exclusions (case_number, account_id) VALUES (:n, :a)",
        n=other,
        a=world.accounts["auditor"],
    )
    assert other not in (await world.get("/audit", "auditor")).text


async def test_the_whole_log_is_exported_as_csv_and_that_is_an_entry(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "EXPORTED_AT_ONCE", 2)
    numbers = [await world.add_case() for _ in range(5)]
    for number in numbers:
        await world.get(f"/cases/{number}")
    answer = await world.get("/audit.csv?action=case.read", "auditor")
    rows = [*csv.DictReader(io.StringIO(answer.text))]
    assert [row["case_number"] for row in rows] == numbers[::-1]
    assert {row["account"] for row in rows} == {"officer"}
    assert ("audit.exported", "auditor", None) in await world.audit()


async def test_the_log_is_read_page_by_page_each_entry_once(world: World) -> None:
    for _ in range(5):
        await world.get(f"/cases/{await world.add_case()}")
    seen, before = [], ""
    while True:
        page = (await world.get(f"/audit?action=case.read&limit=2{before}", "auditor")).json()
        seen += [one["entry"] for one in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert (len(seen), len({*seen})) == (5, 5)


@pytest.mark.parametrize(
    ("peer", "said", "proxies", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "10.0.0.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "10.0.0.1 10.0.0.2", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1", "10.0.0.1"),
    ],
)
def test_a_header_is_believed_of_a_named_proxy_only(
    peer: str, said: str, proxies: str, address: str
) -> None:
    headers = [(b"x-forwarded-for", said.encode())] if said else []
    scope = {"type": "http", "client": (peer, 5000), "headers": headers}
    assert client_address.of(scope, proxies.split()) == address


@pytest.mark.parametrize(
    "query", ["account=%00", "since=2026-01-01", "until=0001-01-01T00:00:00%2B14:00", "action=A B"]
)
async def test_an_odd_filter_is_refused_in_words(world: World, query: str) -> None:
    assert (await world.get(f"/audit?{query}", "auditor")).status_code == 422
