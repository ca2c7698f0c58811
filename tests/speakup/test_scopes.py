"""What a token made for another system opens: what is listed, and nothing else."""

from __future__ import annotations

import pytest

from speakup.scopes import Scope, needed, read, written

NUMBER = "2481632047"


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/api/v1/cases", ["cases:read"]),
        ("GET", f"/api/v1/cases/{NUMBER}", ["cases:read", "narratives:read"]),
        ("GET", f"/api/v1/cases/{NUMBER}/recordings/x", ["cases:read", "narratives:read"]),
        ("POST", f"/api/v1/cases/{NUMBER}/status", ["cases:write"]),
        ("POST", f"/api/v1/cases/{NUMBER}/replies", ["cases:write"]),
        ("GET", "/api/v1/reports/summary", ["reports:read"]),
        ("POST", "/api/v1/letters", ["letters:write"]),
        ("GET", "/api/v1/account", []),
        ("GET", f"/api/v1/cases/{NUMBER}/alert", ["cases:read"]),
        ("POST", f"/api/v1/cases/{NUMBER}/alert/acknowledged", ["cases:write"]),
    ],
)
def test_each_request_takes_its_scopes(method: str, path: str, scopes: list[str]) -> None:
    assert sorted(needed(method, path) or ()) == scopes


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/account/tokens"),
        ("GET", "/api/v1/account/tokens"),
        ("POST", "/api/v1/account/password"),
        ("POST", "/api/v1/account/totp"),
        ("GET", "/api/v1/accounts"),
        ("POST", "/api/v1/approvals"),
        ("GET", "/api/v1/audit"),
        ("POST", f"/api/v1/cases/{NUMBER}/unsealing"),
        ("GET", f"/api/v1/cases/{NUMBER}/reporter"),
        ("GET", f"/api/v1/cases/{NUMBER}/exclusions"),
        ("POST", f"/api/v1/cases/{NUMBER}/erasure"),
        ("POST", "/api/v1/dead-letters/1/replay"),
        ("POST", "/api/v1/reports/dead-letters/1/replay"),
        ("GET", "/cases"),
        ("GET", "/reports"),
        ("GET", "/api/v1/what-comes-next-year"),
        ("PROPFIND", "/api/v1/cases"),
    ],
)
def test_what_is_not_listed_is_closed_to_every_system(method: str, path: str) -> None:
    assert needed(method, path) is None


def test_a_scope_that_is_not_known_gives_nothing() -> None:
    assert read("cases:read cases:* admin") == {Scope.cases_read}
    assert read(None) == read(7) == frozenset()


def test_scopes_are_read_as_they_were_written() -> None:
    assert read(written(frozenset(Scope))) == frozenset(Scope)
