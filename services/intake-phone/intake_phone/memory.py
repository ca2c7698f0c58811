"""What is remembered of a call between two webhooks, as it lies in the database: locked, and forgotten soon after its end."""

from __future__ import annotations

from intake_phone.call import Call, Happening, Pressed, Recorded, Started
from speakup import seal
from speakup.events import Frozen


class Early(Frozen):
    """A webhook that came before the turn that it belongs to."""

    turn: int
    goes_on: bool
    """Twilio waits for what to do next; else it only tells of a recording."""
    digits: str = ""
    recording_sid: str | None = None
    seconds: int = 0

    def happening(self) -> Happening:
        """What it tells."""
        if self.recording_sid is not None:
            return Recorded(self.recording_sid, self.seconds, self.digits)
        return Pressed(self.digits) if self.turn else Started()

    @classmethod
    def of(cls, turn: int, happening: Happening, *, goes_on: bool) -> Early:
        """To be kept until its turn."""
        match happening:
            case Recorded(sid, seconds, digits):
                return cls(
                    turn=turn, goes_on=goes_on, digits=digits, recording_sid=sid, seconds=seconds
                )
            case Pressed(digits):
                return cls(turn=turn, goes_on=goes_on, digits=digits)
        return cls(turn=turn, goes_on=goes_on)


class Memory(Frozen):
    """A call, the last answer to Twilio (given again to a repeated webhook), and what came too early."""

    call: Call = Call()
    answer: str = ""
    early: tuple[Early, ...] = ()


EARLY = 50
"""Webhooks kept for later, at most: no call has so many turns ahead of it."""


def lock(key: bytes, call_sid: str, memory: Memory) -> bytes:
    """As the table keeps it."""
    return seal.lock(
        key, memory.model_dump_json(exclude_defaults=True).encode(), _context(call_sid)
    )


def unlock(key: bytes, call_sid: str, locked: bytes | None) -> Memory:
    """What `lock` locked; of nothing: of a call's beginning. Raises seal.CannotOpenError."""
    if locked is None:
        return Memory()
    return Memory.model_validate_json(seal.unlock(key, locked, _context(call_sid)))


def _context(call_sid: str) -> str:
    return f"speakup/call/{call_sid}"
