"""Where data go: where the database's account can reach them."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from embedded import accounts, where

STRANGER = pwd.struct_passwd(("stranger", "x", 54321, os.getegid(), "", "/", "/bin/false"))
"""Another user. Of our group, since an ordinary user can't give folders to other groups."""


@pytest.fixture
def open_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that a stranger reaches, though pytest's own aren't."""
    monkeypatch.setattr(
        accounts, "can_reach", lambda _, path: "closed" not in path.absolute().parent.parts
    )
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_as_oneself_data_stay_in_var_and_nobody_else_enters(tmp_path: Path) -> None:
    place = where.choose(tmp_path / "var", given=False, account=None)
    assert place == where.Place(tmp_path / "var", tmp_path / "var" / "postgres")
    assert mode(place.var) == 0o700


def test_a_reachable_var_is_passed_through_by_the_accounts_group_only(open_folder: Path) -> None:
    place = where.choose(open_folder / "var", given=False, account=STRANGER)
    assert place.notice is None
    assert mode(place.var) == 0o710


def test_an_unreachable_var_gives_way_to_the_systems_folder_and_says_so(open_folder: Path) -> None:
    system = open_folder / "system"
    place = where.choose(
        open_folder / "closed" / "var", given=False, account=STRANGER, system=system
    )
    assert place.var == system
    assert str(system) in (place.notice or "")


def test_a_chosen_var_stays_and_only_the_database_goes_elsewhere_each_time_the_same(
    open_folder: Path,
) -> None:
    var, system = open_folder / "closed" / "var", open_folder / "system"
    first, second = (
        where.choose(var, given=True, account=STRANGER, system=system) for _ in range(2)
    )
    assert first == second
    assert first.var == var
    assert first.postgres.parent == system
    assert str(first.postgres) in (first.notice or "")


def test_a_folder_of_mode_700_stops_a_stranger(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not accounts.can_reach(STRANGER, closed / "var")
    assert accounts.can_reach(None, closed / "var")
