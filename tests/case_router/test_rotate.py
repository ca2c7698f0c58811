"""Rotation: a key lives as long as anything may be sealed to it, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from case_router.rotate import destructible
from speakup.keys import KeyFolder, Published

GRACE = timedelta(days=7)
START = datetime(2026, 11, 2, tzinfo=UTC)
REPLACED = START + timedelta(days=7)
OVER = REPLACED + GRACE
NEVER = datetime.max.replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> list[Published]:
    folder = KeyFolder(tmp_path_factory.mktemp("keys"))
    folder.make_pair("p", now=START)
    folder.make_pair("p", now=REPLACED)
    return folder.published("p")


def said(
    at: datetime, *key_ids: str, letters: tuple[str, ...] = ()
) -> dict[str, tuple[datetime, frozenset[str]]]:
    return {
        "intake-email": (at, frozenset(key_ids)),
        "dead letters": (NEVER, frozenset(letters)),
    }


def test_a_replaced_key_that_nobody_needs_is_destroyed(published: list[Published]) -> None:
    old, new = (p.key.key_id for p in published)
    assert destructible(published, said(OVER, new), OVER, GRACE) == [old]


def test_the_newest_key_is_never_destroyed(published: list[Published]) -> None:
    assert destructible(published[1:], said(OVER), OVER + timedelta(days=999), GRACE) == []


def test_a_key_is_kept_until_its_grace_is_over(published: list[Published]) -> None:
    new = published[1].key.key_id
    early = OVER - timedelta(seconds=1)
    assert destructible(published, said(OVER, new), early, GRACE) == []


def test_a_key_that_an_adapter_still_needs_is_kept(published: list[Published]) -> None:
    old, new = (p.key.key_id for p in published)
    assert destructible(published, said(OVER, new, old), OVER, GRACE) == []


def test_an_adapter_that_has_kept_silent_keeps_the_key(published: list[Published]) -> None:
    new = published[1].key.key_id
    before = OVER - timedelta(hours=1)
    assert destructible(published, said(before, new), OVER + GRACE * 9, GRACE) == []


def test_a_dead_letter_keeps_its_key(published: list[Published]) -> None:
    old, new = (p.key.key_id for p in published)
    assert destructible(published, said(OVER, new, letters=(old,)), OVER, GRACE) == []


def test_with_no_adapter_heard_of_nothing_is_destroyed(published: list[Published]) -> None:
    only = {"dead letters": (NEVER, frozenset[str]())}
    assert destructible(published, only, OVER, GRACE) == []
