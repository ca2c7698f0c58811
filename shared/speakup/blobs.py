"""The object store: sealed blobs, named by the SHA-256 of their ciphertext.

Each blob has a key of its own, which travels inside a seal; the store sees ciphertext only, and a name
tells nothing. A local folder by default, S3 and its like by address.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from speakup import seal
from speakup.submission import Blob

_CONTEXT = "speakup/blob"
_NOT_THERE = (NotFoundError, FileNotFoundError)
"""obstore raises either, as the call and the store are."""


def close_blob(plaintext: bytes) -> tuple[Blob, bytes]:
    """A reference with a new key, and the ciphertext to store under it."""
    key = seal.new_key()
    ciphertext = seal.lock(key, plaintext, _CONTEXT)
    digest = hashlib.sha256(ciphertext).hexdigest()
    return Blob(digest=digest, key=key, size=len(plaintext)), ciphertext


class StoreAwayError(BaseError, OSError):
    """The store is out of reach, or its disk is full: an OSError, as everybody who tries again later expects."""


class BlobStore:
    """Puts and gets blobs; raises StoreAwayError and OSError when the store is out of reach."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._folder: Path | None = None
        if parts.scheme == "file":
            self._folder = Path(unquote(parts.path))
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._store: ObjectStore = LocalStore(prefix=self._folder)
        else:
            self._store = from_url(url)

    async def put(self, digest: str, ciphertext: bytes) -> None:
        """Store; on disk when it returns. Storing the same again changes nothing."""
        path = _path(digest)
        with _away():
            await self._store.put_async(path, ciphertext)
        if self._folder is not None:
            await asyncio.to_thread(_sync, self._folder / path)

    async def get(self, blob: Blob) -> bytes:
        """The plain content.

        Raises FileNotFoundError where it isn't there, CannotOpenError where it was changed.
        """
        try:
            with _away():
                result = await self._store.get_async(_path(blob.digest))
                ciphertext = bytes(await result.bytes_async())
        except _NOT_THERE:
            raise FileNotFoundError(blob.digest) from None
        return seal.unlock(blob.key, ciphertext, _CONTEXT)

    async def delete(self, digest: str) -> None:
        """Remove; nothing happens where it isn't there."""
        try:
            with _away():
                await self._store.delete_async(_path(digest))
        except _NOT_THERE:
            return


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except _NOT_THERE:
        raise
    except BaseError as error:
        # What obstore says shows the whole address and several lines of its source.
        raise StoreAwayError(type(error).__name__) from None


def _path(digest: str) -> str:
    # Two levels, so that no folder grows beyond what a file system likes.
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def _sync(path: Path) -> None:
    for target in (path, path.parent, path.parent.parent, path.parent.parent.parent):
        handle = os.open(target, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
