"""Anchors: the audit log's head of each day in a signed file, to be copied to where nobody here can change it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from case_router.audit_chain import Anchor, Head
from speakup.keys import write_file


class AnchorError(Exception):
    """A file isn't an anchor; the text names it."""


def newest_day(folder: Path) -> date | None:
    """Of the anchors that there are."""
    days = [path.stem for path in folder.glob("????-??-??.json")]
    return date.fromisoformat(max(days)) if days else None


def write(folder: Path, day: date, anchor: Anchor) -> None:
    """Whole or not at all. Raises OSError."""
    said = {
        "position": anchor.head.position,
        "hash": anchor.hash.hex(),
        "signed_at": anchor.head.signed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "signature": anchor.head.signature.hex(),
    }
    write_file(folder / f"{day.isoformat()}.json", (json.dumps(said) + "\n").encode(), 0o600)


def read(folder: Path) -> Iterator[Anchor]:
    """Those of a folder. Raises AnchorError."""
    for path in sorted(folder.glob("*.json")):
        try:
            said = json.loads(path.read_bytes())
            head = Head(
                int(said["position"]),
                datetime.fromisoformat(said["signed_at"]),
                bytes.fromhex(said["signature"]),
            )
            yield Anchor(head, bytes.fromhex(said["hash"]))
        except (ValueError, KeyError, TypeError):
            raise AnchorError(path.name) from None
