"""The supervisor starts again what ends, and lets nothing outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from embedded import ports
from embedded.back_off import BackOff
from embedded.child import StartError, spawn, wait_until
from embedded.services_process import ServicesProcess
from tests.waiting import eventually

FAKE_SERVICES = """
    import http.server, json, os, sys
    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            waiting = os.path.exists("waiting")
            self.send_response(503 if waiting else 200)
            self.end_headers()
            missing = {"router/consumer": "no broker"} if waiting else {}
            self.wfile.write(json.dumps({"missing": missing}).encode())
        def log_message(self, *_): pass
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""

SUPERVISOR = """
    import signal, sys, threading
    from pathlib import Path
    from embedded.broker import Broker
    from embedded.screen import say
    from embedded.services_process import ServicesProcess
    from embedded.supervise import Supervisor
    port, folder = sys.argv[1], Path(sys.argv[2])
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    services = ServicesProcess(
        int(port), folder / "services.log", [sys.executable, "fake_services.py", port]
    )
    Supervisor([Broker(folder)], services, dict, lambda _: say("ready")).run(stop)
    say("stopped")
"""


class Running:
    """A supervisor over a real broker and services that are only a web server."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, ports.free_port()
        (folder / "fake_services.py").write_text(textwrap.dedent(FAKE_SERVICES))
        (folder / "supervisor.py").write_text(textwrap.dedent(SUPERVISOR))
        with (folder / "screen").open("wb") as screen:
            self.process = subprocess.Popen(
                [sys.executable, "supervisor.py", str(self.port), folder], cwd=folder, stdout=screen
            )

    @property
    def screen(self) -> str:
        return (self.folder / "screen").read_text()

    def child(self, word: str) -> psutil.Process | None:
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if any(word in part for part in child.cmdline()[:2]):
                    return child
        return None


@pytest.fixture
async def running(tmp_path: Path) -> Iterator[Running]:  # type: ignore[misc]
    started = Running(tmp_path)
    await eventually(lambda: "ready" in started.screen)
    yield started
    started.process.kill()
    started.process.wait()


async def test_services_that_end_are_started_again_and_it_is_said_why(running: Running) -> None:
    before = running.child("fake_services")
    assert before is not None
    before.kill()
    await eventually(lambda: "ready again" in running.screen)
    assert "the services ended (killed by SIGKILL" in running.screen
    after = running.child("fake_services")
    assert after is not None
    assert after.pid != before.pid


async def test_a_broker_that_ends_is_started_again(running: Running) -> None:
    before = running.child("tansu")
    assert before is not None
    before.kill()
    await eventually(lambda: (now := running.child("tansu")) and now.pid != before.pid)
    assert "the broker ended" in running.screen


async def test_an_interrupt_stops_everything(running: Running) -> None:
    children = psutil.Process(running.process.pid).children()
    assert len(children) == 2
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(20) == 0
    assert "stopped" in running.screen
    assert not any(child.is_running() for child in children)


async def test_children_end_with_a_supervisor_that_is_killed(running: Running) -> None:
    children = psutil.Process(running.process.pid).children()
    assert len(children) == 2
    running.process.kill()
    running.process.wait()
    await eventually(lambda: not any(alive(child) for child in children))


def alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_waits_double_up_to_ten_seconds() -> None:
    back_off = BackOff()
    waits = [back_off.ended() for _ in range(8)]
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_what_ended_is_not_due_before_its_wait_is_over() -> None:
    back_off = BackOff()
    back_off.ended()
    assert back_off.is_waiting()
    assert not back_off.is_due()
    back_off.started()
    assert not back_off.is_waiting()


async def test_what_is_missing_is_told_in_the_services_words(tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        (tmp_path / "waiting").touch()
        services = ServicesProcess(running.port, tmp_path / "services.log")
        missing = await eventually(services.missing)
        assert missing == {"router/consumer": "no broker"}
        assert "ready" not in running.screen
    finally:
        running.process.kill()
        running.process.wait()


async def test_the_reason_shown_is_the_last_error_without_its_text(tmp_path: Path) -> None:
    log = tmp_path / "services.log"
    program = (
        'import sys; print(\'{"level": "info", "event": "x"}\', flush=True); '
        "raise ValueError('Jane Doe')"
    )
    services = ServicesProcess(1, log, [sys.executable, "-c", program])
    services.start(dict(os.environ))
    await eventually(lambda: services.ended() is not None)
    assert services.why() == "exit status 1, ValueError"


def test_a_server_that_does_not_start_says_what_it_said_last(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = spawn(["/bin/sh", "-c", "echo no disk; exit 3"], log=log, death=signal.SIGKILL)
    begin = time.monotonic()
    with pytest.raises(StartError, match="the server ended while starting: no disk"):
        wait_until(lambda: False, process, "the server", log, 10)
    assert time.monotonic() - begin < 10
