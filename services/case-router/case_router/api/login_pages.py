"""What the pages of signing in have in common."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request

from speakup.problems import Problem

TEMPLATES = Path(__file__).parents[1] / "templates"


def same_site(request: Request) -> None:
    """Another site's form signs nobody in or out (Fetch Metadata; old browsers send none)."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "This form was sent from another site. Sign in from our own page.")
