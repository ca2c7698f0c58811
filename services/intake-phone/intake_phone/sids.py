"""What Twilio calls calls and recordings: anything else isn't theirs."""

from __future__ import annotations

import re

CALL_SID = re.compile(r"CA[0-9a-f]{32}")
RECORDING_SID = re.compile(r"RE[0-9a-f]{32}")
