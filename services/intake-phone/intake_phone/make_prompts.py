"""`python -m intake_phone.make_prompts`: makes the Kazakh sounds that aren't there yet, and says what is missing.

The service does the same when it starts; this is for making them before, and for looking at a folder of studio
recordings.
"""

from __future__ import annotations

import asyncio
import sys

from intake_phone.settings import Settings
from intake_phone.sound_files import SoundFiles
from intake_phone.sounding import VOICE, VOICE_MEGABYTES, VOICE_SECONDS
from speakup.i18n import Texts
from speakup.sandbox import SandboxError, open_sandbox


async def make(settings: Settings) -> str:
    """What was done, in lines. Raises SandboxError where no sound can be made."""
    folder = settings.var / "phone-sounds"
    async with open_sandbox(
        VOICE, children=1, seconds=VOICE_SECONDS, megabytes=VOICE_MEGABYTES
    ) as voice:
        files = SoundFiles(Texts(settings.texts), folder, settings.phone_sounds, voice)
        made = await files.make_missing()
    lines = [f"{len(files.words)} Kazakh sounds: {made} made, in {folder}"]
    if settings.phone_sounds is not None:
        lines.append(f"{len(files.recorded)} of them are studio recordings")
        lines += [f"not used: {name}: {why}" for name, why in files.refused.items()]
        lines += [
            f"no recording: {name}.wav: {words}"
            for name, words in files.words.items()
            if name not in files.recorded
        ]
    return "\n".join(lines)


def main() -> int:
    """The exit status."""
    try:
        said = asyncio.run(make(Settings()))
    except (SandboxError, OSError, ValueError) as error:
        sys.stderr.write(f"the Kazakh sounds can't be made: {error}\n")
        return 1
    sys.stdout.write(said + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
