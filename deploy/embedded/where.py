"""Decides where data lie: in `var`, as far as the database's own account can reach that."""

from __future__ import annotations

import pwd
import secrets
from dataclasses import dataclass
from pathlib import Path

from embedded import accounts

SYSTEM_FOLDER = Path("/var/lib/speakup")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of data, that of the database, and what there is to say about them."""

    var: Path
    postgres: Path
    notice: str | None = None


def choose(
    var: Path, *, given: bool, account: pwd.struct_passwd | None, system: Path = SYSTEM_FOLDER
) -> Place:
    """Where data go; the folder `var` is made. `given`: whether a person chose `var`.

    Under /root as root the database's account reaches nothing. Then all data go to the system's folder,
    or, where `var` was chosen, only those of the database, and a file in `var` says where.
    """
    var = var.absolute()
    # `var` itself will be passable; what lies above it is not ours to change.
    if accounts.can_reach(account, var):
        accounts.make_passable(account, [var])
        return Place(var, var / "postgres")
    if not given:
        accounts.make_passable(account, [system])
        return Place(
            system,
            system / "postgres",
            f"data are in {system}, since the database runs as another user, who can't reach {var}",
        )
    accounts.make_passable(account, [var, system])
    postgres = _noted(var / "postgres-is-in", system)
    return Place(
        var,
        postgres,
        f"the database's data are in {postgres}, since it runs as another user, who can't reach {var}",
    )


def _noted(note: Path, system: Path) -> Path:
    if not note.exists():
        half = note.with_name(f".{note.name}.half")
        half.write_text(str(system / f"postgres-{secrets.token_hex(4)}"))
        half.rename(note)
    return Path(note.read_text())
