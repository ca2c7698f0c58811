"""What tests with real mail servers share."""

from __future__ import annotations

from tests.intake_email.conftest import intake as intake
