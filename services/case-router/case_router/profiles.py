"""What an admin can set at run time: profiles by name, each with its model; the settings give the defaults."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from case_router.sla import Sla


class Profile(BaseModel):
    """Values that hold together."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AlertsProfile(Profile):
    """How insistent an alert of an urgent case is."""

    repeat_minutes: int = Field(
        default=15, ge=1, le=1440, description="Again after so long, until it is acknowledged."
    )
    escalate_minutes: int = Field(
        default=30, ge=0, le=1440, description="The chair gets it, too, after so long."
    )


class RetentionProfile(Profile):
    """After how long a closed case is proposed for erasure."""

    breach_report_months: int = Field(default=60, ge=1, le=1200)
    policy_inquiry_months: int = Field(default=36, ge=1, le=1200)
    out_of_scope_months: int = Field(default=6, ge=1, le=1200)


MODELS: dict[type[BaseModel], str] = {
    Sla: "sla",
    RetentionProfile: "retention",
    AlertsProfile: "alerts",
}
"""The names in the table and in addresses."""
