"""`python -m case_router audit verify`: whether the audit log is as it was written."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import audit_anchors, audit_keys
from case_router.audit_chain import Anchor, Fault, Verification
from case_router.settings import Settings
from case_router.store import audit
from speakup import postgres
from speakup.keys import KeyFolder, MissingKeyError
from speakup.staff import public_key


def main(argv: Sequence[str]) -> int:
    """0 where all is well, 1 where something was changed, 2 where it can't be told."""
    parser = argparse.ArgumentParser("python -m case_router audit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    verifying = commands.add_parser(
        "verify", help="find what was edited, removed, moved or cut off"
    )
    verifying.add_argument("--anchors", type=Path, help="a folder of anchors kept elsewhere")
    verifying.add_argument("--public-key", type=Path, help="audit.pem as it was kept elsewhere")
    chosen = parser.parse_args(argv)
    settings = Settings()
    try:
        pem = (
            chosen.public_key.read_bytes()
            if chosen.public_key
            else KeyFolder(settings.keys_folder).read_file(audit_keys.PUBLIC_FILE)
        )
        key = public_key(pem)
        anchors = list(audit_anchors.read(chosen.anchors or settings.anchors_folder))
    except (OSError, ValueError, MissingKeyError, audit_anchors.AnchorError) as error:
        say(f"It can't be verified: {error}")
        return 2
    return asyncio.run(_verify(settings, key, anchors))


async def _verify(settings: Settings, key: Ed25519PublicKey, anchors: Sequence[Anchor]) -> int:
    engine = postgres.open_engine(settings.database("router"), pool_size=1)
    try:
        fault, position = await verify(engine, key, anchors)
    finally:
        await engine.dispose()
    if fault is not None:
        say(f"The audit log was tampered with at position {fault.position}: {fault.what}.")
        return 1
    say(f"The audit log is whole: {position} entries, {len(anchors)} anchors.")
    return 0


async def verify(
    engine: AsyncEngine, key: Ed25519PublicKey, anchors: Sequence[Anchor]
) -> tuple[Fault | None, int]:
    """The first fault, and how many entries were looked at; all of one moment."""
    verification = Verification(key, now=datetime.now(UTC), anchors=anchors)
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="REPEATABLE READ")
        async for line in audit.lines(connection):
            if fault := verification.feed(line):
                return fault, verification.position
        beyond = await audit.head_beyond(connection)
    return verification.end(beyond), verification.position


def say(line: str) -> None:
    """To whoever runs the command."""
    sys.stdout.write(f"{line}\n")
