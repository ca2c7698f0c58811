"""`make run` that can't start says why, and has started nothing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from embedded import __main__ as make_run
from embedded import lock, ports, where
from embedded.postgres_folder import DiskFullError
from embedded.settings import Settings, with_ports


def run(var: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPEAKUP_")}
    given = {f"SPEAKUP_{name}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "embedded"],
        env=environment | {"SPEAKUP_VAR": str(var)} | given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_said_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = run(tmp_path / "var", PORT=ports.free_port(), SMTP_PORT=port)
    assert said.returncode == 1
    assert f"port {port}, for SMTP, is in use" in said.stdout
    assert "SPEAKUP_SMTP_PORT" in said.stdout
    assert {path.name for path in (tmp_path / "var").iterdir()} <= {"lock", "postgres-is-in"}


def test_a_second_start_says_that_it_is_already_running(tmp_path: Path) -> None:
    var = tmp_path / "var"
    var.mkdir()
    with lock.held(var):
        said = run(var)
    assert said.returncode == 1
    assert "already running" in said.stdout


def test_a_setting_that_makes_no_sense_is_named_without_its_value(tmp_path: Path) -> None:
    said = run(tmp_path, PORT="one-thousand")
    assert said.returncode == 1
    assert said.stdout.startswith("SPEAKUP_PORT: ")
    assert "one-thousand" not in said.stdout


Usage = namedtuple("Usage", "total used free")


def test_a_first_start_on_a_full_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10 * 2**20))
    place = where.Place(tmp_path, tmp_path / "postgres")
    with pytest.raises(DiskFullError, match="10 MB are left"):
        make_run._require_space(place, Settings())


def test_a_later_start_on_a_full_disk_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10 * 2**20))
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    make_run._require_space(where.Place(tmp_path, tmp_path / "postgres"), Settings())
    assert "almost full: 10 MB" in capsys.readouterr().out


def test_port_0_becomes_a_port_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEAKUP_PORT", "0")
    assert with_ports(Settings()).port > 0


def test_a_given_server_is_not_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPEAKUP_DATABASE_URL", raising=False)
    monkeypatch.setenv("SPEAKUP_KAFKA_BOOTSTRAP", "kafka.example:9092")
    settings = Settings()
    assert settings.has_kafka
    assert not settings.has_database
