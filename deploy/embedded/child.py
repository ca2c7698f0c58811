"""Starts the servers' processes so that none outlives us, and ends them."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_BECOME = Path(__file__).with_name("become.py")


class StartError(Exception):
    """A server didn't start; the text says which, and what it said last."""


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    death: signal.Signals,
    user: pwd.struct_passwd | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program whose output is appended to `log` and that gets the signal `death` when the
    starting thread ends (so: start from the main thread). It has a session of its own, so that Ctrl-C
    reaches us alone and things are stopped in order.
    """
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    identity = [str(user.pw_uid), str(user.pw_gid)] if user else ["-", "-"]
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603 - the programs are our own
            [
                *(sys.executable, "-I", "-S", _BECOME, str(death.value), str(os.getpid())),
                *identity,
                *command,
            ],
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            start_new_session=True,
        )
    finally:
        os.close(handle)


def wait_until(
    ready: Callable[[], bool],
    process: subprocess.Popen[bytes],
    name: str,
    log: Path,
    seconds: float,
) -> None:
    """Wait until the server is ready. Raises StartError if it ends before or takes longer."""
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise StartError(f"{name} ended while starting: {last_line(log)}")
        if time.monotonic() > end:
            raise StartError(f"{name} isn't ready after {seconds:.0f} s: {last_line(log)}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], number: signal.Signals, seconds: float) -> None:
    """End a process by the signal, or by force when the time is over. Waits until it is gone."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def last_line(log: Path) -> str:
    """What a server said last (servers' own logs, which hold nothing of a person)."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return f"{lines[-1][:300] if lines else 'nothing was said'} ({log})"
