"""case-router: submissions become cases; the case API."""
