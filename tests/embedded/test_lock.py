"""A second `make run` on the same data says that the first is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from embedded import lock


def test_the_second_is_told_which_process_is_the_first(tmp_path: Path) -> None:
    with lock.held(tmp_path):
        with pytest.raises(lock.AlreadyRunningError) as refused, lock.held(tmp_path):
            pass
        assert f"process {os.getpid()}" in str(refused.value)
        assert "SPEAKUP_VAR" in str(refused.value)


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with lock.held(tmp_path):
        pass
    with lock.held(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())
