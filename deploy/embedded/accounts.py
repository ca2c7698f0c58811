"""The operating system's account that the database runs as: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path


def server_account() -> pwd.struct_passwd | None:
    """`postgres`, else `nobody`, when we are root; None (ourselves) when we aren't."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError(
        "running as root needs a user `postgres` or `nobody`: adduser --system postgres"
    )


def can_reach(account: pwd.struct_passwd | None, path: Path) -> bool:
    """Whether the account can pass through every folder above `path` that exists already."""
    if account is None:
        return True
    return all(_may_pass(account, folder) for folder in path.absolute().parents if folder.exists())


def _may_pass(account: pwd.struct_passwd, folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == account.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.pw_gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def make_passable(account: pwd.struct_passwd | None, folders: Iterable[Path]) -> None:
    """Make folders of ours: mode 700, or 710 with the account's group so that it passes through."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if account is not None:
            os.chown(folder, -1, account.pw_gid)
        folder.chmod(0o710 if account is not None else 0o700)
