"""The classifier as the limited child runs it: importing this loads the model, so only the child does.

In a process of its own, at low priority: a thread would hold the interpreter's lock at low priority, and
opening and the API would wait for it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict

from case_router.classify import Classifier
from case_router.opinion import Job, Opinion
from speakup.events import Channel

_CLASSIFIER = Classifier.load()


def classify(job: bytes) -> bytes:
    """A `Job` to an `Opinion`."""
    asked = Job.model_validate_json(job)
    found = _CLASSIFIER.classify(asked.text, asked.channel, asked.hint)
    return Opinion.model_validate(asdict(found)).model_dump_json().encode()


# A child can import nothing later, and libraries import late.
_CLASSIFIER.classify("Хабарлама. Сообщение. A message.", Channel.email)
# Whatever else wants a processor comes first: it can wait, and people do.
with suppress(OSError, AttributeError):
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
