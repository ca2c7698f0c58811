"""A running system to be broken; how hard, is set by SPEAKUP_FAULTS: small (CI) or large."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.system import System, run_system


@dataclass(frozen=True)
class Scale:
    """How much is sent and how often something is killed."""

    mails: int
    kills: int


SCALES = {"small": Scale(mails=80, kills=2), "large": Scale(mails=2000, kills=50)}


@pytest.fixture(scope="session")
def scale() -> Scale:
    return SCALES[os.environ.get("SPEAKUP_FAULTS", "small")]


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """Without a classifier: it would only take processor time from what is tested."""
    environment = {"SPEAKUP_CLASSIFY_WORKERS": "0", "SPEAKUP_OUTBOX_RETRY_SECONDS": "2"}
    with run_system(environment) as started:
        yield started
