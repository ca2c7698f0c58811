"""What `paper.compile` starts: a job as JSON from standard input, its PDF to standard output, and the process is gone.

typst keeps all that it has ever set, and has no way to be told to forget: text and PINs would stay in memory, a
register of 2,000 lines would add 300 MB each time.
"""

from __future__ import annotations

import base64
import json
import sys

import typst


def main() -> None:
    """Raises typst.TypstError where the template is wrong."""
    job = json.load(sys.stdin.buffer)
    files = {name: base64.b64decode(content) for name, content in job["files"].items()}
    # That a mapping of files can be given is missing in its types.
    made = typst.compile(  # type: ignore[call-overload]
        {"main.typ": job["template"].encode(), **files},
        # The machine's own fonts would make the same text look different elsewhere.
        font_paths=typst.Fonts(include_system_fonts=False),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs=job["inputs"],
        timestamp=0,
    )
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
