"""What would be published, where no broker is needed."""

from __future__ import annotations

from collections.abc import Sequence

from speakup import topics


class Published:
    """In the relay's place: remembers what would go out."""

    def __init__(self) -> None:
        self.records: list[topics.Record] = []

    def publish_soon(self, records: Sequence[topics.Record]) -> None:
        self.records += records
