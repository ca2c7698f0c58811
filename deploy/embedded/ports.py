"""Ports: whether one is free, and a free one."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence

HOST = "127.0.0.1"

_NOBODYS = range(20_000, 32_000)
"""Below those for outgoing connections (Linux: 32,768 on; elsewhere 49,152 on), above the usual services'."""


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
    """A port that is free now, and that the system gives to no outgoing connection meanwhile."""
    for port in random.sample(_NOBODYS, 100):
        if is_free(port):
            return port
    raise PortTakenError(f"no free port was found from {_NOBODYS[0]} to {_NOBODYS[-1]}")


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
