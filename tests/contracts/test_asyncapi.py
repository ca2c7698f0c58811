"""The contract between the services, as others read it, is the one that the code keeps."""

from __future__ import annotations

from pathlib import Path

from speakup import topics
from speakup.events import PAYLOADS
from tests.contracts.asyncapi import as_yaml

FILE = Path(__file__).parents[2] / "shared" / "asyncapi.yaml"


def test_asyncapi_yaml_says_what_the_models_say() -> None:
    assert FILE.read_text(encoding="utf-8") == as_yaml(), (
        "run: .venv/bin/python -m tests.contracts.asyncapi > shared/asyncapi.yaml"
    )


def test_every_event_type_belongs_to_one_topic() -> None:
    listed = [payload for payloads in topics.TYPES.values() for payload in payloads]
    assert sorted(listed, key=str) == sorted(PAYLOADS, key=str)
    assert len({payload.TYPE for payload in PAYLOADS}) == len(PAYLOADS)
