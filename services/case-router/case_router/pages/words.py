"""Values as a person reads them: moments, days, what is left of a term, sizes, sums; in the page's language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal

from speakup.events import Language

_KIB = 1024


class Words:
    """Of one page: all its moments are told from the same `now`."""

    def __init__(self, language: Language, zone: ZoneInfo) -> None:
        self._locale, self._zone = language.value, zone
        self.now = datetime.now(UTC)

    def moment(self, at: str) -> str:
        """Day and time where the office is."""
        local = datetime.fromisoformat(at).astimezone(self._zone)
        return format_datetime(local, self._pattern(local, ", HH:mm"), locale=self._locale)

    def day(self, at: str) -> str:
        """A day, of a moment or of a date."""
        if "T" in at:
            local = datetime.fromisoformat(at).astimezone(self._zone).date()
        else:
            local = date.fromisoformat(at)
        return format_date(local, "d MMM y", locale=self._locale)

    def _pattern(self, local: datetime, after: str) -> str:
        same_year = local.year == self.now.astimezone(self._zone).year
        return ("d MMM" if same_year else "d MMM y") + after

    def left(self, at: str) -> str:
        """In how many days, or how long ago."""
        between = datetime.fromisoformat(at) - self.now
        return format_timedelta(between, add_direction=True, threshold=1.2, locale=self._locale)

    def is_over(self, at: str) -> bool:
        """Whether the moment has passed."""
        return datetime.fromisoformat(at) < self.now

    def day_is_over(self, on: str) -> bool:
        """Whether the day has passed, where the office is."""
        return date.fromisoformat(on) < self.today

    @property
    def today(self) -> date:
        """Where the office is."""
        return self.now.astimezone(self._zone).date()

    def size(self, count: int) -> str:
        """Of a file."""
        if count < _KIB * _KIB:
            return f"{format_decimal(max(1, count // _KIB), locale=self._locale)} KB"
        return f"{format_decimal(round(count / _KIB / _KIB, 1), locale=self._locale)} MB"
