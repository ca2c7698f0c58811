"""What a request for a reply carries to the adapter: by post neither words nor PIN, which the mailroom could read.

The letter is printed from the case (`api/letter_pdf.py`), its label from the request (decision 0011).
"""

from __future__ import annotations

from speakup.events import Channel
from speakup.submission import Reply


def carried(channel: Channel, reply: Reply) -> Reply:
    """The half of it that leaves the router, to be sealed to the channel's contact key."""
    return Reply() if channel is Channel.mail else reply
