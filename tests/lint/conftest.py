"""What the linters read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import corpus


@pytest.fixture(scope="session")
def renders(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every example and a pairwise matrix for each stack, by name."""
    return corpus.renders(template, tmp_path_factory)
