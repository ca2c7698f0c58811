"""Case numbers and PINs: what a reporter quotes to come back to their case.

A number has 10 digits: the channel, eight random ones and a Damm check digit (H. M. Damm, 2004), which
finds every single wrong digit and every swap of two neighbours: the slips people make when they copy or
key in a number.
"""

from __future__ import annotations

import secrets

from speakup.events import Channel

_CHANNEL_DIGIT = {Channel.phone: "1", Channel.email: "2", Channel.mail: "3", Channel.hand: "4"}

# The totally anti-symmetric quasigroup of order 10 from Damm's thesis.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def _check_digit(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def mint(channel: Channel) -> str:
    """A random case number of the channel. Not yet unique: the accepting transaction's key sees to it."""
    digits = _CHANNEL_DIGIT[channel] + f"{secrets.randbelow(10**8):08d}"
    return digits + str(_check_digit(digits))


def is_valid(number: str) -> bool:
    """Whether the text is a case number that can have been minted."""
    return (
        len(number) == 10
        and number.isascii()
        and number.isdigit()
        and number[0] in "1234"
        and _check_digit(number) == 0
    )


def mint_pin() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**6):06d}"
