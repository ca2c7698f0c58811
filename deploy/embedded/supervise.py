"""Keeps the embedded servers and the services' process running, and ends them in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from embedded.back_off import BackOff
from embedded.child import StartError
from embedded.screen import say
from embedded.services_process import ServicesProcess

SLOW = 20.0
"""Seconds after which it is said what is still missing."""


class Server(Protocol):
    """PostgreSQL or the broker."""

    name: str
    forgets: bool
    """Whether it loses what it had when it ends: then the services must begin anew, too."""

    def start(self) -> None:
        """Raises StartError."""

    def stop(self) -> None:
        """Waits until it is gone."""

    def ended(self) -> int | None:
        """The exit status if it has ended by itself."""


class Supervisor:
    """Servers first, then the services; at the end the other way round.

    All is done by the thread that calls: children get their signal of death when the thread that started
    them ends.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        services: ServicesProcess,
        environment: Callable[[], Mapping[str, str]],
        on_ready: Callable[[Mapping[str, str]], None],
    ) -> None:
        self._servers = [(server, BackOff()) for server in servers]
        self._services, self._back_off = services, BackOff()
        self._environment, self._on_ready = environment, on_ready
        self._given: Mapping[str, str] = {}
        self._ready = self._was_ready = False
        self._asked = self._told = 0.0

    def run(self, stop: threading.Event) -> None:
        """Start everything and keep it so until `stop` is set. Raises StartError for a first start."""
        try:
            for server, back_off in self._servers:
                server.start()
                back_off.started()
            self._start_services()
            while not stop.wait(0.05):
                for server, back_off in self._servers:
                    self._look_after(server, back_off)
                self._look_after_services()
        finally:
            self._stop()

    def _look_after(self, server: Server, back_off: BackOff) -> None:
        status = server.ended()
        if status is None:
            return
        if not back_off.is_waiting():
            wait = back_off.ended()
            say(f"{server.name} ended ({status}); starting it again in {wait:g} s")
            if server.forgets:
                # A broker that knows no topic, group or offset any more must not meet clients that
                # think it does (decision 0006).
                self._services.stop()
        elif back_off.is_due():
            try:
                server.start()
                back_off.started()
                if self._given != self._environment():
                    # The server has another port than before.
                    self._services.stop()
            except (StartError, OSError) as error:
                say(f"{error}; trying again in {back_off.ended():g} s")

    def _look_after_services(self) -> None:
        if self._services.ended() is not None:
            self._restart_services()
        elif not self._ready:
            self._ask()

    def _restart_services(self) -> None:
        if not self._back_off.is_waiting():
            self._ready = False
            wait = self._back_off.ended()
            say(f"the services ended ({self._services.why()}); starting them again in {wait:g} s")
        elif self._back_off.is_due():
            self._start_services()

    def _start_services(self) -> None:
        self._given = self._environment()
        self._services.start(self._given)
        self._back_off.started()
        self._told = time.monotonic()

    def _ask(self) -> None:
        now = time.monotonic()
        if now - self._asked < 0.1:
            return
        self._asked = now
        missing = self._services.missing()
        if missing == {}:
            self._ready = True
            if self._was_ready:
                say("ready again")
            else:
                self._on_ready(self._given)
                self._was_ready = True
        elif now - self._told > SLOW:
            self._told = now
            say(f"not ready yet: {_words(missing)}")

    def _stop(self) -> None:
        self._services.stop()
        for server, _ in reversed(self._servers):
            server.stop()


def _words(missing: Mapping[str, str] | None) -> str:
    if missing is None:
        return "the services don't answer"
    return "; ".join(f"{name}: {what}" for name, what in missing.items())
