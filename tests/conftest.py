"""What every layer of tests shares."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

# Somebody's own settings must not change a result. plumbum, which copier uses, reads the environment when it is
# imported, so this comes before the first import of copier.
os.environ |= {
    "COPIER_SETTINGS_PATH": str(Path(__file__).parent / "support" / "copier-settings.yml"),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
}

from tests.support import corpus
from tests.support import template as template_support

pytest_plugins = ["tests.support.plugin"]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working tree as a plain folder."""
    return template_support.export(tmp_path_factory.mktemp("template"))


@pytest.fixture
def render(template: Path, tmp_path: Path) -> Callable[..., Path]:
    """Render answers into a fresh folder, or into `into`."""

    def run(answers: Mapping[str, Any], into: Path | None = None, **options: Any) -> Path:
        return template_support.render(template, into or tmp_path / "project", answers, **options)

    return run


@pytest.fixture(scope="session")
def renders(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every example, and answers of each stack combined pair by pair, by name."""
    return corpus.renders(template, tmp_path_factory)
