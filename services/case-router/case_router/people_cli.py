"""`python -m case_router people FILE.csv` (or `--directory`): replacing the list of staff."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from case_router.directory import DirectoryError
from case_router.directory_import import read_in
from case_router.settings import Settings
from case_router.staff_list import FaultyListError, read_csv
from case_router.store import people
from speakup import postgres


def main(argv: Sequence[str]) -> int:
    """Import a list; the exit status. The database has been migrated by now."""
    parser = argparse.ArgumentParser("python -m case_router people", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "file", type=Path, nargs="?", help="CSV in UTF-8 (docs/cases.md says which columns)"
    )
    source.add_argument(
        "--directory", action="store_true", help="from the directory that SPEAKUP_LDAP_URL names"
    )
    chosen = parser.parse_args(argv)
    settings = Settings()
    try:
        done = asyncio.run(_replace(settings, chosen.file))
    except FaultyListError as error:
        for fault in error.faults:
            sys.stderr.write(f"line {fault.line}: {fault.what}\n")
        sys.stderr.write("Nothing was imported.\n")
        return 1
    except DirectoryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The file can't be read: {error.strerror}.\n")
        return 1
    sys.stdout.write(
        f"people: {done.people}, who have left: {done.left}, units: {done.units}, "
        f"tied to accounts: {done.tied}\n"
    )
    return 0


async def _replace(settings: Settings, file: Path | None) -> people.Imported:
    # Before the database is asked: most faults are the file's.
    listed = read_csv(file.read_bytes()) if file is not None else None  # noqa: ASYNC240
    engine = postgres.open_engine(settings.database("router"), pool_size=1)
    try:
        if listed is None:
            return await read_in(engine, settings.directory)
        async with engine.begin() as connection:
            return await people.replace(connection, listed, by=None)
    finally:
        await engine.dispose()
