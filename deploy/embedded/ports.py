"""Ports: whether one is free, and a free one."""

from __future__ import annotations

import socket
from collections.abc import Sequence

HOST = "127.0.0.1"


class PortTakenError(Exception):
    """A port that we are to serve on is in use; the text says which and how to choose another."""


def is_free(port: int) -> bool:
    """Whether we could listen there. Connections that linger from before don't count."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
    return not accepts(port)


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as trial:
        trial.settimeout(1)
        return trial.connect_ex((HOST, port)) == 0


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        port: int = trial.getsockname()[1]
    return port


def require_free(wanted: Sequence[tuple[str, int, str]]) -> None:
    """Check (what for, port, setting) each. Raises PortTakenError, which names all that are taken."""
    taken = [
        f"port {port}, for {purpose}, is in use by another program (or not allowed); "
        f"choose another with {setting}, for example: {setting}={free_port()} make run"
        for purpose, port, setting in wanted
        if port and not is_free(port)
    ]
    if taken:
        raise PortTakenError("\n".join(taken))
