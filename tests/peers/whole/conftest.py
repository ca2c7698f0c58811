"""One running system between a real Postfix and two mailboxes on real Dovecots."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.whole.post import Post, open_post


@pytest.fixture(scope="session")
def post() -> Iterator[Post]:
    """Started once; every test writes from addresses of its own."""
    with open_post() as opened:
        yield opened
