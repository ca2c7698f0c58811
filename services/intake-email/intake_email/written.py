"""How the headers of our mails are written out (RFC 5322, 2.2.3)."""

from __future__ import annotations

from email.headerregistry import HeaderRegistry
from email.policy import EmailPolicy
from functools import cache

_AS_THEY_ARE = frozenset({"to", "reply-to", "in-reply-to", "references", "message-id"})


class _Written(EmailPolicy):
    """Python's own, but for addresses and ids: those it would encode (RFC 2047) where they are long, which
    no mail program takes for an id. Here they stand one a line, and ours are ASCII of 500 bytes at most.
    """

    def fold(self, name: str, value: str) -> str:
        """A header field with its line end."""
        if name.lower() in _AS_THEY_ARE:
            return f"{name}: " + f"{self.linesep} ".join(str(value).split()) + self.linesep
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: str) -> bytes:
        """The same in ASCII."""
        if name.lower() in _AS_THEY_ARE:
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


class _Headers(HeaderRegistry):
    """Python's own makes a class for each header of each mail, which takes longer than writing it."""

    __getitem__ = cache(HeaderRegistry.__getitem__)


AS_WRITTEN = _Written(linesep="\r\n", header_factory=_Headers())
