"""Mails made to break a parser, or to make it do what it shouldn't."""

from __future__ import annotations

MAILS: dict[str, bytes] = {}
