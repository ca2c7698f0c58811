"""`make run`: the whole system on this machine, until Ctrl-C."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from pydantic import ValidationError

from embedded import accounts, lock, ports, where
from embedded.child import StartError
from embedded.postgres_folder import DiskFullError
from embedded.screen import say
from embedded.settings import Settings, with_ports
from embedded.system import build

MEGABYTES = 500
"""Free space below which a first start isn't tried, and a later one says so."""


def main() -> int:
    """The exit status: 0 after Ctrl-C or SIGTERM, 1 where it can't start; the screen says why."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = with_ports(Settings())
        place = where.choose(
            settings.var, given=settings.has_var, account=accounts.server_account()
        )
        with lock.held(place.var):
            return _run(settings, place, stop)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            say(f"SPEAKUP_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}")
    except PermissionError as error:
        say(
            f"no permission for {error.filename}: does it belong to another user (sudo make run)? "
            "Give it to yourself (chown -R), or choose another folder with SPEAKUP_VAR"
        )
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        say(f"the disk is full ({error.filename}): free some space, or set SPEAKUP_VAR")
    except (
        *(lock.AlreadyRunningError, ports.PortTakenError),
        *(StartError, DiskFullError, LookupError),
    ) as error:
        say(str(error))
    return 1


def _run(settings: Settings, place: where.Place, stop: threading.Event) -> int:
    if place.notice:
        say(place.notice)
    _require_ports(settings)
    _require_space(place, settings)
    build(settings, place).run(stop)
    say("stopped; data are in " + str(place.var))
    return 0


def _require_ports(settings: Settings) -> None:
    wanted = (
        ("HTTP", settings.port, "SPEAKUP_PORT"),
        ("SMTP", settings.smtp_port, "SPEAKUP_SMTP_PORT"),
    )
    # What a killed run of ours held is free in a moment.
    end = time.monotonic() + 2
    while not all(ports.is_free(port) for _, port, _ in wanted) and time.monotonic() < end:
        time.sleep(0.05)
    ports.require_free(wanted)


def _require_space(place: where.Place, settings: Settings) -> None:
    first = not settings.has_database and not (place.postgres / "data").exists()
    folders = (place.var, _existing(place.postgres))
    for folder in {folder.stat().st_dev: folder for folder in folders}.values():
        free = shutil.disk_usage(folder).free // 2**20
        if free < MEGABYTES:
            sentence = f"the disk is almost full: {free} MB are left for {folder}"
            if first:
                raise DiskFullError(
                    f"{sentence}, and {MEGABYTES} MB are needed; "
                    "free some space, or choose another folder with SPEAKUP_VAR"
                )
            say(sentence)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
