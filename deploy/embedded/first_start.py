"""What a first start makes and later ones find: keys, and the first staff accounts."""

from __future__ import annotations

import secrets
from pathlib import Path

from embedded.postgres_folder import write_private
from speakup import signing
from speakup.keys import INTAKE, TRANSCRIBER, UNSEALING, KeyFolder, contact_purpose

NAMES = ("admin", "chair", "officer", "handler", "auditor", "mailroom")
"""Of the first accounts; each has the role of its name."""

SECRETS = ("case-kek", "pin-hmac", "email-hmac", "accounts", "phone-calls", "mail-drafts")
SIGNING = {"token-signing": "tokens.pem", "audit-signing": "audit.pem"}
"""Keys that sign, and where the public halves are; as `speakup.staff` and `case_router.audit_keys` name them, whose
imports would take the start half a second.
"""

# Nothing that looks like something else, 5 bits a character.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def ensure_keys(folder: Path) -> None:
    """Every key that the services need; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    keys = KeyFolder(folder)
    contacts = (contact_purpose("email"), contact_purpose("mail"))
    for purpose in (INTAKE, *contacts, UNSEALING, TRANSCRIBER):
        keys.ensure_pair(purpose)
    for name in SECRETS:
        keys.ensure_secret(name)
    for name, public_file in SIGNING.items():
        signing.ensure(keys, name, public_file)


class FirstAccounts:
    """`first-accounts.txt`, one `name password` a line, and whether the accounts were made from it.

    The file is written before any account, so that no account's password is lost by an interruption.
    """

    def __init__(self, var: Path) -> None:
        self.file = var / "first-accounts.txt"
        self._made = var / "first-accounts.made"

    def are_made(self) -> bool:
        """Whether this was done, at some start."""
        return self._made.exists()

    def ensure_file(self) -> None:
        """The file, mode 600, with passwords of 100 bits where it isn't there yet."""
        if not self.file.exists():
            write_private(self.file, "".join(f"{name} {_password()}\n" for name in NAMES))

    def note_made(self) -> None:
        """From now on the accounts are the admin's."""
        write_private(self._made, "")

    def shown(self) -> str:
        """For the screen, once."""
        lines = [line.split(" ", 1) for line in self.file.read_text().splitlines()]
        table = "\n".join(f"  {name:<10} {password}" for name, password in lines)
        return (
            "first accounts and their passwords, shown this once and kept in\n"
            f"{self.file} (delete it when the passwords are somewhere safe):\n{table}"
        )


def _password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
