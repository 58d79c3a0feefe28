"""Tells a release module of the app's own from the template's, which has the same name where it can."""

from __future__ import annotations

from collections.abc import Iterable

from ..files import Target

OURS = "Database tasks for a release, where there is no Mix."
"""What the template's module begins its documentation with."""


def own(target: Target, modules: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The modules of the app's own, of these with their files, that a module Release of the template would meet."""
    found = {module: file for module, file in modules if module.endswith(".Release") or file.endswith("/release.ex")}
    return {module: file for module, file in found.items() if OURS not in (target.text(file) or "")}
