"""What tests with real mail servers share."""

from __future__ import annotations

from tests.intake_email.test_accept import intake as intake
