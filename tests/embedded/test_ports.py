"""Ports that are taken are said before anything is started."""

from __future__ import annotations

import socket

import pytest

from embedded import ports


def test_a_taken_port_is_named_with_the_setting_that_changes_it() -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ports.PortTakenError) as refused:
            ports.require_free([("SMTP", port, "SPEAKUP_SMTP_PORT")])
    assert f"port {port}, for SMTP, is in use" in str(refused.value)
    assert "SPEAKUP_SMTP_PORT=" in str(refused.value)


def test_all_taken_ports_are_named_at_once() -> None:
    with socket.socket() as one, socket.socket() as two:
        wanted = []
        for taken, setting in ((one, "SPEAKUP_PORT"), (two, "SPEAKUP_SMTP_PORT")):
            taken.bind((ports.HOST, 0))
            taken.listen()
            wanted.append(("mail", taken.getsockname()[1], setting))
        with pytest.raises(ports.PortTakenError) as refused:
            ports.require_free(wanted)
    assert all(str(port) in str(refused.value) for _, port, _ in wanted)


def test_a_free_port_passes() -> None:
    port = ports.free_port()
    ports.require_free([("HTTP", port, "SPEAKUP_PORT")])
    assert ports.is_free(port)
