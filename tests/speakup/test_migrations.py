"""What `speakup.postgres` reads from the names of migrations is what Alembic reads from their text."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

ROOT = Path(__file__).parents[2]
FOLDERS = sorted({path.parent for path in (ROOT / "services").glob("*/*/*migrations/versions")})


@pytest.mark.parametrize(
    "folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}"
)
def test_the_last_file_by_name_is_the_newest_migration(folder: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")

    newest = max(path.name for path in (folder / "versions").glob("*.py")).partition("_")[0]

    assert ScriptDirectory.from_config(config).get_heads() == [newest]
