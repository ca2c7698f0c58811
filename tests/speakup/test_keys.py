"""The folder of keys: what is published can be opened, what is destroyed can't."""

from __future__ import annotations

from pathlib import Path

import pytest

from speakup import keys
from speakup.keys import CurrentKey, KeyFolder, MissingKeyError, PrivateKeys
from speakup.seal import UnknownKeyError


def test_the_newest_key_is_sealed_to_and_the_older_one_still_opens(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    old, new = folder.make_pair("p"), folder.make_pair("p")
    assert folder.public("p").key_id == new.key_id
    assert PrivateKeys(folder, "p")[old.key_id].open(old.seal(b"x", "i"), "i") == b"x"


def test_a_destroyed_key_opens_nothing_and_leaves_no_file(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    old, new = folder.make_pair("p"), folder.make_pair("p")
    folder.destroy("p", old.key_id)
    with pytest.raises(UnknownKeyError):
        PrivateKeys(folder, "p")[old.key_id]
    assert [key.key.key_id for key in folder.published("p")] == [new.key_id]
    assert [path.stem for path in tmp_path.rglob("*.key")] == [new.key_id]


def test_a_service_that_runs_finds_a_key_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "LOOK_SECONDS", 0.0)
    folder = KeyFolder(tmp_path)
    folder.make_pair("p")
    current, private = CurrentKey(folder, "p"), PrivateKeys(folder, "p")
    new = folder.make_pair("p")
    assert current().key_id == new.key_id
    assert private[new.key_id].key_id == new.key_id


def test_private_keys_are_for_the_owner_alone(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.make_pair("p")
    folder.ensure_secret("s")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.key")} == {0o600}


def test_making_sure_of_a_secret_twice_keeps_it(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.ensure_secret("s")
    first = folder.secret("s")
    folder.ensure_secret("s")
    assert folder.secret("s") == first


def test_a_missing_key_is_named_by_its_file(tmp_path: Path) -> None:
    with pytest.raises(MissingKeyError, match="nothing.json"):
        KeyFolder(tmp_path).public("nothing")


def test_a_destruction_that_was_killed_in_the_middle_is_finished(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    old, new = folder.make_pair("p"), folder.make_pair("p")
    path = next(tmp_path.rglob(f"{old.key_id}.key"))
    path.rename(path.with_name(f"{path.name}.destroyed"))
    assert list(folder.private("p")) == [new.key_id]
    folder.destroy("p", old.key_id)
    assert not list(tmp_path.rglob("*.destroyed"))
    assert [key.key.key_id for key in folder.published("p")] == [new.key_id]


def test_an_empty_folder_is_an_absent_one_not_a_destroyed_key(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="empty or away"):
        PrivateKeys(KeyFolder(tmp_path), "p")["p-1"]
