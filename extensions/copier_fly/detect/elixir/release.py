"""Tells a release module of the app's own from the template's, which has the same name where it can."""

from __future__ import annotations

from pathlib import Path

OURS = "Database tasks for a release, where there is no Mix."
"""What the template's module begins its documentation with."""


def has_own(app: Path, *folders: str | None) -> bool:
    """Whether a folder of the app, such as lib/shop, has a release.ex that is not the template's."""
    found = [app / folder / "release.ex" for folder in folders if folder]
    return any(OURS not in file.read_text("utf-8", "replace") for file in found if file.is_file())
