"""SPF, DKIM and DMARC as the company's own mail server saw them (RFC 8601). Noted, never a gate."""

from __future__ import annotations

import re

from intake_email.headers import fields_of

METHODS = ("spf", "dkim", "dmarc")
_RESULTS = frozenset(
    ["none", "pass", "fail", "policy", "neutral", "softfail", "temperror", "permerror", "hardfail"]
)
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*(spf|dkim|dmarc)(?:/\d+)?\s*=\s*([a-z]+)\b", re.IGNORECASE)
_TRACE = re.compile(
    rb"^(?:(received)|authentication-results)[ \t]*:[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)
FIELDS = 50


def results_of(headers: bytes, authserv_id: str) -> dict[str, str]:
    """The result by method, of fields with our server's id that stand together.

    What stands below a further `Received` was in the mail when it reached that server: whoever sent it may have
    written it, under our id too.
    """
    results: dict[str, str] = {}
    seen = False
    for _, field in zip(range(FIELDS), _TRACE.finditer(headers), strict=False):
        if field[1]:
            if seen:
                break
            continue
        value = next(iter(fields_of(field[0]).values()), [""])[0]
        said, _, rest = _uncommented(value).partition(";")
        if (said.split() or [""])[0].strip('"').lower() != authserv_id.lower():
            continue
        seen = True
        for method, result in _methods(rest):
            # Of several signatures one that holds is enough (RFC 6376, 6.1).
            if method not in results or (method == "dkim" and result == "pass"):
                results[method] = result
    return results


def _methods(value: str) -> list[tuple[str, str]]:
    found = [_RESULT.match(piece) for piece in re.sub(r'"[^"]*"', '""', value).split(";")]
    return [(one[1].lower(), one[2].lower()) for one in found if one and one[2].lower() in _RESULTS]


def _uncommented(value: str) -> str:
    for _ in range(5):
        value, count = _COMMENT.subn("", value)
        if not count:
            break
    return value
