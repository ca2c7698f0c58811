"""How a call goes, as a picture made of the dialogue's own table: `python -m intake_phone.state_diagram README.md`
puts it between the markers of that file; without one it is printed. A test holds the two together.
"""

from __future__ import annotations

import sys
from pathlib import Path

from intake_phone.dialogue import TABLE, Row, State

BEGIN = "<!-- made by `python -m intake_phone.state_diagram README.md` -->"
END = "<!-- end of what is made -->"

PARTS = {
    "Greeting": (State.language, State.consent, State.no_consent, State.menu),
    "Speaking": (
        State.message,
        State.review,
        State.message_again,
        State.message_more,
        State.danger,
        State.relation,
        State.person,
        State.telling,
        State.telling_again,
        State.finished,
    ),
    "Returning": (
        State.number,
        State.pin,
        State.waiting,
        State.hearing,
        State.checking,
        State.correction,
        State.late_consent,
        State.follow_up,
        State.earlier,
    ),
}
"""States that are drawn in one box."""

_WORDS = {"": "no key", "*": "star", "#": "hash"}


def diagram() -> str:
    """In Mermaid. An arrow says what leads along it; `else` is what else happens, after the repeats.

    From a diamond the call goes where what is known of it leads.
    """
    diamonds: dict[tuple[State, ...], str] = {}
    arrows = [
        f"  {state} --> {_node(to, diamonds)}: {', '.join(words)}"
        for state, row in TABLE.items()
        if state not in {State.start, State.ended}
        for to, words in _leading(row).items()
        if to != (state,)
    ]
    lines = ["stateDiagram-v2", "  [*] --> language"]
    for part, states in PARTS.items():
        lines += [f"  state {part} {{", *(f"    {state}" for state in states), "  }"]
    lines += [f"  state {diamond} <<choice>>" for diamond in diamonds.values()]
    lines += arrows
    lines += [f"  {diamond} --> {to}" for states, diamond in diamonds.items() for to in states]
    return "\n".join(lines) + "\n"


def _leading(row: Row) -> dict[tuple[State, ...], list[str]]:
    words: dict[tuple[State, ...], list[str]] = {}
    for word, way in [*row.ways.items(), ("else", row.otherwise)]:
        words.setdefault(way.to, []).append(_WORDS.get(word, word))
    return words


def _node(to: tuple[State, ...], diamonds: dict[tuple[State, ...], str]) -> str:
    if to == (State.ended,):
        return "[*]"
    if len(to) == 1:
        return str(to[0])
    return diamonds.setdefault(to, f"either{len(diamonds) + 1}")


def put_into(text: str) -> str:
    """The text with the picture of today between the markers. Raises ValueError where they aren't."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"no place for the picture: {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n```mermaid\n{diagram()}```\n{END}{after}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        file = Path(sys.argv[1])
        file.write_text(put_into(file.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(diagram())
