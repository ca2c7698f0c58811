"""Setting up: once, and with a sentence for what can go wrong."""

from __future__ import annotations

import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest

import setup

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose environment is only noted to be there."""
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    for name, path in (("VENV", ""), ("PYTHON", "bin/python"), ("UNFINISHED", "unfinished")):
        monkeypatch.setattr(setup, name, tmp_path / ".venv" / path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).write_text(name)
        setup.note(name).write_text(setup.wanted(name))
    return tmp_path


def test_nothing_is_done_a_second_time(project: Path) -> None:
    assert setup.is_done("requirements.lock")


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_is_noticed(project: Path, name: str) -> None:
    (project / name).write_text("other")
    assert not setup.is_done("requirements.lock")


def test_an_interrupted_installation_is_noticed(project: Path) -> None:
    (project / ".venv" / "unfinished").touch()
    assert not setup.is_done("requirements.lock")


def test_a_folder_that_was_moved_is_noticed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = project.rename(project.with_name("moved")) / ".venv"
    monkeypatch.setattr(setup, "ROOT", moved.parent)
    monkeypatch.setattr(setup, "VENV", moved)
    monkeypatch.setattr(setup, "PYTHON", moved / "bin" / "python")
    assert not setup.is_done("requirements.lock")


def test_an_old_python_says_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert setup.main() == 1
    said = capsys.readouterr().out
    assert "Python 3.11 or newer is needed; python3 is 3.9" in said
    assert "apt-get install" in said


def test_python_without_venv_names_the_command(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(setup.SetupError, match="apt-get install python3-venv"):
        setup.make_venv()


def test_a_full_disk_is_said_before_anything_is_made(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(project / ".venv")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10 * 2**20))
    with pytest.raises(setup.SetupError, match="the disk is full: .* has 10 MB left"):
        setup.require_space("requirements.lock")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("NewConnectionError: [Errno -3] Temporary failure in name resolution", "is the network"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM ...", "not the one that was pinned"),
        ("ERROR: something else", "pip failed: ERROR: something else"),
    ],
)
def test_what_pip_says_becomes_a_sentence(said: str, sentence: str) -> None:
    assert sentence in setup.trouble(said, 1)


def test_a_killed_pip_is_called_so() -> None:
    assert "pip was killed" in setup.trouble("Collecting numpy", -9)


def test_locks_hold_hashes_and_no_address() -> None:
    root = Path(setup.__file__).parent.parent
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (root / name).read_text()
        assert "://" not in text
        pins = [line for line in text.splitlines() if "==" in line]
        assert all(pin.endswith("\\") for pin in pins), "a pin without hashes"
        assert len(pins) > 60


def test_the_test_packages_include_the_running_ones_in_the_same_versions() -> None:
    root = Path(setup.__file__).parent.parent
    running, testing = (
        {line for line in (root / name).read_text().splitlines() if "==" in line}
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert {pin.split(" ")[0] for pin in running} <= {pin.split(" ")[0] for pin in testing}
