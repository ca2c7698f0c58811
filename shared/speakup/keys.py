"""The folder of keys.

    public/<purpose>.json           public keys, oldest first; the last one is sealed to
    private/<purpose>/<key id>.key  private keys, one file each, base64, mode 600
    secret/<name>.key               symmetric keys and signing keys, base64, mode 600

Who holds which file is who can read what (SECURITY.md). A private key is on disk before its public half
is published, so nothing is ever sealed to a key that can be lost in between.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from speakup.seal import PrivateKey, PublicKey, UnknownKeyError, new_key

INTAKE = "router-intake"
"""Submissions are sealed to it; rotates weekly."""
UNSEALING = "unsealing"
"""Contacts are sealed to it besides; released by two approvals."""

TRANSCRIBER = "transcriber"
"""Recordings' keys are sealed to it besides; only the worker that makes text of them holds it."""


def contact_purpose(channel: str) -> str:
    """The contact key of a channel, which its reply worker alone holds."""
    return f"{channel}-contact"


LOOK_SECONDS = 5.0
"""How long a replaced key may go on being sealed to: nothing beside its days of grace."""


class MissingKeyError(Exception):
    """A key that the service needs isn't in the folder; the text names the file."""


@dataclass(frozen=True, slots=True)
class Published:
    """A public key as it stands in `public/<purpose>.json`."""

    key: PublicKey
    created_at: datetime


class KeyFolder:
    """Reads and writes the folder. What is written is on disk when a method returns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_pair(self, purpose: str, *, now: datetime | None = None) -> PublicKey:
        """A new key pair, published as the one to seal to."""
        now = now or datetime.now(UTC)
        pair = PrivateKey.generate(f"{purpose}-{now:%Y%m%d}-{secrets.token_hex(4)}")
        self._write(self._private(purpose, pair.key_id), base64.b64encode(pair.raw), 0o600)
        self._publish(
            purpose,
            [
                *self._entries(purpose),
                {
                    "id": pair.key_id,
                    "created": now.isoformat(),
                    "public": base64.b64encode(pair.public_raw()).decode(),
                },
            ],
        )
        return PublicKey.from_raw(pair.key_id, pair.public_raw())

    def ensure_pair(self, purpose: str) -> None:
        """Make a first pair where there is none."""
        if not self._entries(purpose):
            self.make_pair(purpose)

    def published(self, purpose: str) -> list[Published]:
        """The public keys of a purpose, oldest first."""
        return [
            Published(
                PublicKey.from_raw(entry["id"], base64.b64decode(entry["public"])),
                datetime.fromisoformat(entry["created"]),
            )
            for entry in self._entries(purpose)
        ]

    def public(self, purpose: str) -> PublicKey:
        """The key to seal to. Raises MissingKeyError."""
        keys = self.published(purpose)
        if not keys:
            raise MissingKeyError(str(self._public(purpose)))
        return keys[-1].key

    def stamp(self, purpose: str) -> int:
        """Changes when the published keys change (the file's modification time, ns)."""
        return self._public(purpose).stat().st_mtime_ns

    def private(self, purpose: str) -> dict[str, PrivateKey]:
        """All private keys of a purpose that are held here, by id."""
        return {
            path.stem: PrivateKey.from_raw(path.stem, base64.b64decode(path.read_bytes()))
            for path in sorted(self._private(purpose, "x").parent.glob("*.key"))
        }

    def destroy(self, purpose: str, key_id: str) -> None:
        """Destroy a key's private half and unpublish it: what is sealed to it is closed for good.

        Killed in the middle, it is finished by the next call: unpublishing comes last.
        """
        path = self._private(purpose, key_id)
        with suppress(FileNotFoundError):
            path.rename(path.with_name(f"{path.name}.destroyed"))
        for gone in path.parent.glob("*.destroyed"):
            # Overwriting is no promise on a flash disk; it costs nothing on the others.
            with gone.open("r+b") as file:
                file.write(os.urandom(gone.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            gone.unlink()
        _sync(path.parent)
        self._publish(purpose, [e for e in self._entries(purpose) if e["id"] != key_id])

    def secret(self, name: str) -> bytes:
        """A symmetric key. Raises MissingKeyError."""
        path = self._secret(name)
        try:
            return base64.b64decode(path.read_bytes())
        except FileNotFoundError:
            raise MissingKeyError(str(path)) from None

    def ensure_secret(self, name: str, value: bytes | None = None) -> None:
        """Make a random 256-bit key (or keep `value`) where there is none."""
        if not self._secret(name).exists():
            self._write(self._secret(name), base64.b64encode(value or new_key()), 0o600)

    def publish_file(self, name: str, content: bytes) -> None:
        """A public file beside the public keys (the tokens' verification key)."""
        self._write(self._folder / "public" / name, content, 0o644)

    def read_file(self, name: str) -> bytes:
        """What `publish_file` wrote. Raises MissingKeyError."""
        path = self._folder / "public" / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise MissingKeyError(str(path)) from None

    def _public(self, purpose: str) -> Path:
        return self._folder / "public" / f"{purpose}.json"

    def _private(self, purpose: str, key_id: str) -> Path:
        return self._folder / "private" / purpose / f"{key_id}.key"

    def _secret(self, name: str) -> Path:
        return self._folder / "secret" / f"{name}.key"

    def _entries(self, purpose: str) -> list[dict[str, str]]:
        try:
            entries: list[dict[str, str]] = json.loads(self._public(purpose).read_bytes())
        except FileNotFoundError:
            return []
        return entries

    def _publish(self, purpose: str, entries: Iterable[dict[str, str]]) -> None:
        self._write(self._public(purpose), json.dumps(list(entries), indent=1).encode(), 0o644)

    def _write(self, path: Path, content: bytes, mode: int) -> None:
        write_file(path, content, mode)


def write_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all; on disk when it returns."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class PrivateKeys:
    """Private keys of one purpose, read again from the folder when an unknown id turns up."""

    def __init__(self, folder: KeyFolder, purpose: str) -> None:
        self._folder, self._purpose = folder, purpose
        self._keys = folder.private(purpose)

    def __getitem__(self, key_id: str) -> PrivateKey:
        """The key. Raises UnknownKeyError; OSError where no key at all is there."""
        if key_id not in self._keys:
            keys = self._folder.private(self._purpose)
            if not keys:
                # A folder that isn't mounted is no destroyed key.
                raise OSError("the folder of keys is empty or away")
            self._keys = keys
        try:
            return self._keys[key_id]
        except KeyError:
            raise UnknownKeyError("no such private key here") from None


class CurrentKey:
    """The public key to seal to, read again within seconds when the file has changed."""

    def __init__(self, folder: KeyFolder, purpose: str) -> None:
        self._folder, self._purpose = folder, purpose
        self._stamp = folder.stamp(purpose) if folder.published(purpose) else 0
        self._key = folder.public(purpose)
        self._looked = time.monotonic()

    def __call__(self) -> PublicKey:
        """The key."""
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            stamp = self._folder.stamp(self._purpose)
            if stamp != self._stamp:
                self._key, self._stamp = self._folder.public(self._purpose), stamp
        return self._key
