"""A whole running system for journeys and faults: `python -m embedded` as a person starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import psutil

from embedded import ports

READY_SECONDS = 60


class System:
    """A running system. What is asked of it goes over its real ports."""

    def __init__(self, var: Path, environment: Mapping[str, str] | None = None) -> None:
        self.var = var
        self.port, self.smtp_port, self.relay_port = (ports.free_port() for _ in range(3))
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[str, tuple[str, float]] = {}

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    @property
    def output(self) -> str:
        """What a person would have seen on the screen."""
        return (self.var.parent / f"{self.var.name}.output").read_text(errors="replace")

    def start(self) -> None:
        """Start and wait until it says that it is ready."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SPEAKUP_")} | {
            "SPEAKUP_VAR": str(self.var),
            "SPEAKUP_PORT": str(self.port),
            "SPEAKUP_SMTP_PORT": str(self.smtp_port),
            "SPEAKUP_RELAY_PORT": str(self.relay_port),
            "SPEAKUP_OUTBOX_RETRY_SECONDS": "5",
            **self._environment,
        }
        path = self.var.parent / f"{self.var.name}.output"
        with path.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "embedded"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        end = time.monotonic() + READY_SECONDS
        while f"ready: {self.url}" not in self.output:
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"the system didn't start:\n{self.output[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ctrl-C, then wait."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def kill_supervisor(self) -> None:
        """kill -9 of the supervisor: its children die with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def child(self, word: str) -> psutil.Process | None:
        """The child whose command line has the word: `embedded.services`, `tansu`, `postgres`."""
        for process in psutil.Process(self.pid).children():
            try:
                if any(word in part for part in process.cmdline()):
                    return process
            except psutil.NoSuchProcess:
                continue
        return None

    def kill(self, word: str) -> None:
        """kill -9 of a child, if it is there at the moment."""
        process = self.child(word)
        if process is not None:
            process.kill()

    def password(self, name: str) -> str:
        """Of a first account."""
        lines = (self.var / "first-accounts.txt").read_text().splitlines()
        return dict(line.split(" ", 1) for line in lines if line)[name]

    async def token(self, name: str) -> str:
        """An access token, asked for again before it is over."""
        token, until = self._tokens.get(name, ("", 0.0))
        if time.monotonic() > until:
            async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
                answer = await client.post(
                    "/api/v1/token",
                    data={
                        "grant_type": "password",
                        "username": name,
                        "password": self.password(name),
                    },
                )
            answer.raise_for_status()
            token = answer.json()["access_token"]
            self._tokens[name] = token, time.monotonic() + 400
        return token

    async def get(self, path: str, *, by: str = "officer", **params: Any) -> httpx.Response:
        """GET as a member of staff."""
        headers = {"Authorization": f"Bearer {await self.token(by)}"}
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
            return await client.get(path, headers=headers, params=params)

    async def cases(self) -> list[dict[str, Any]]:
        """All cases, page after page; an empty list while the API is away."""
        found: list[dict[str, Any]] = []
        params: dict[str, Any] = {"limit": 200}
        while True:
            try:
                answer = await self.get("/api/v1/cases", **params)
            except (httpx.TransportError, httpx.HTTPStatusError):
                return []
            if answer.status_code != 200:
                return []
            page = answer.json()
            found += page["items"]
            if not page["next"]:
                return found
            params["cursor"] = page["next"]

    async def summary(self) -> dict[str, Any]:
        """The statistics, empty while they are away."""
        try:
            answer = await self.get("/api/v1/reports/summary", by="auditor")
        except (httpx.TransportError, httpx.HTTPStatusError):
            return {}
        body: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return body

    async def send(
        self, message: bytes, *, sender: str = "reporter@example.kz", to: str = "speakup@localhost"
    ) -> bool:
        """Send a mail by SMTP; whether it was accepted with 250."""
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=self.smtp_port, start_tls=False, timeout=60
        )
        try:
            async with client:
                code, _ = await client.mail(sender)
                code, _ = await client.rcpt(to)
                code, _ = await client.data(message)
        except (TimeoutError, aiosmtplib.SMTPException, OSError):
            return False
        return code == 250


@contextmanager
def run_system(environment: Mapping[str, str] | None = None) -> Iterator[System]:
    """A system in a folder of its own, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="speakup-", ignore_cleanup_errors=True) as folder:
        # The database's account must reach it; pytest's own folders are closed to it.
        Path(folder).chmod(0o711)
        system = System(Path(folder) / "var", environment)
        system.start()
        try:
            yield system
        finally:
            system.stop()
