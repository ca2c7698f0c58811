"""reporting: case events become figures."""
