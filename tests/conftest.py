"""What tests share: a real PostgreSQL for the run, a broker where one is asked for, the corpora."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr
from xdist.scheduler import LoadScopeScheduling

from embedded.broker import start_broker
from embedded.postgres import start_postgres
from speakup.settings import Common

# A traceback drawn with all its variables, which is the default, takes seconds.
structlog.configure(
    processors=[structlog.processors.add_log_level, structlog.processors.KeyValueRenderer()]
)

CORPORA = Path(os.environ.get("SPEAKUP_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Real mails, messages and figures, which aren't part of the project."""
    if not CORPORA.is_dir():
        pytest.skip(f"the corpora aren't here ({CORPORA}); set SPEAKUP_CORPORA")
    return CORPORA


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A throw-away server, which the machine's crash may take with it."""
    with start_postgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server.url


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A throw-away broker of the test's own: empty."""
    with start_broker(tmp_path) as started:
        yield started.bootstrap


@pytest.fixture
def settings(tmp_path: Path, postgres_url: str) -> Common:
    """For a service under test; without a broker unless `broker` is asked for."""
    return Common(var=tmp_path / "var", database_url=SecretStr(postgres_url))


RUNNING = ("faults", "whole", "journeys")
"""Folders whose tests share a running system, and take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that the last worker isn't left alone with it."""
    items.sort(key=lambda item: item.path.parent.name not in RUNNING)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """With two workers: a file stays in one of them, and so does all that shares a running system."""
    return _Together(config, log)


class _Together(LoadScopeScheduling):  # type: ignore[misc]  # untyped
    # Not marks and `--dist loadgroup`: xdist 3.8 puts a group into what pytest 9.2 doesn't read any more.
    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        return path.parent.name if path.parent.name in RUNNING else str(path)
