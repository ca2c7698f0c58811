"""`python -m case_router people FILE.csv`: replacing the list of staff."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from case_router.settings import Settings
from case_router.staff_list import FaultyListError, StaffList, read_csv
from case_router.store import people
from speakup import postgres


def main(argv: Sequence[str]) -> int:
    """Import a list; the exit status. The database has been migrated by now."""
    parser = argparse.ArgumentParser("python -m case_router people", description=__doc__)
    parser.add_argument("file", type=Path, help="CSV in UTF-8 (docs/cases.md says which columns)")
    chosen = parser.parse_args(argv)
    settings = Settings()
    try:
        done = asyncio.run(_replace(settings, read_csv(chosen.file.read_bytes())))
    except FaultyListError as error:
        for fault in error.faults:
            sys.stderr.write(f"line {fault.line}: {fault.what}\n")
        sys.stderr.write("Nothing was imported.\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The file can't be read: {error.strerror}.\n")
        return 1
    sys.stdout.write(
        f"people: {done.people}, who have left: {done.left}, units: {done.units}, "
        f"tied to accounts: {done.tied}\n"
    )
    return 0


async def _replace(settings: Settings, listed: StaffList) -> people.Imported:
    engine = postgres.open_engine(settings.database("router"), pool_size=1)
    try:
        async with engine.begin() as connection:
            return await people.replace(connection, listed, by=None)
    finally:
        await engine.dispose()
