"""Where the time goes: milliseconds of processor time for a mail, by stage, on one core."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from case_router.opened import acknowledge, open_submission, under_case_key
from intake_email import reading
from intake_email.accept import RawKeys
from intake_email.parse import parse, split
from speakup import seal, topics
from speakup.events import Channel
from speakup.keys import INTAKE, KeyFolder, PrivateKeys, contact_purpose
from tests.bench.smtp_client import mails
from tests.building import make_keys, submission_event

ROUNDS = 300


async def measure(folder: Path) -> str:
    """A table."""
    keys = make_keys(KeyFolder(folder))
    raw = mails(1)[0]
    job = RawKeys(keys).job(uuid4(), "r@example.kz", "123456")
    frame = reading.pack(job, raw)
    event = submission_event(keys, text=raw.decode())
    record = topics.encode(event)
    private = PrivateKeys(keys, INTAKE)
    opened = open_submission(event, private)
    contact_keys = {Channel.email: keys.public(contact_purpose("email"))}
    lock = seal.Lock(seal.new_key())
    stages: dict[str, Callable[[], object]] = {
        "child: parse": lambda: parse(raw, "r@example.kz"),
        "child: parse and seal": lambda: reading.read(frame),
        "adapter: split": lambda: split(raw),
        "event to record": lambda: topics.encode(event),
        "router: record to event": lambda: topics.decode(
            record.value, record.headers, record.topic
        ),
        "router: open the seal": lambda: open_submission(event, private),
        "router: lock under the case's key": lambda: under_case_key(opened, lock),
        "router: write the acknowledgement": lambda: acknowledge(opened, lock, contact_keys),
    }
    return "where the time goes, ms a mail:\n" + "\n".join(
        f"  {name:36} {_milliseconds(stage):.3f}" for name, stage in stages.items()
    )


def _milliseconds(stage: Callable[[], object]) -> float:
    stage()
    start = time.process_time()
    for _ in range(ROUNDS):
        stage()
    return (time.process_time() - start) / ROUNDS * 1000
