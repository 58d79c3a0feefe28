"""The extensions of PostgreSQL that a project's migrations make, and what Managed Postgres has of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..expressions import expression
from ..fly import platform
from . import files
from .files import Target
from .project import Project, ProjectWarning
from .warnings import warning

MAKES = expression(r"\bCREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS?\s+)?[\\\"']*(?!if\b)([a-z][\w-]*)", re.IGNORECASE)
COMMENT = expression(r"^[ \t]*(?:--|#|//).*$", re.MULTILINE)


def migrations(target: Target, project: Project, choices: tuple[str, ...]) -> Iterator[str]:
    """The files that migrate the app's database, where the answer `database` is one of these kinds of PostgreSQL."""
    app = project.app_dir or "."
    if project.stack == "nextjs" and project.nextjs.database_choice in choices:
        place = files.join(project.nextjs.database_package or app, project.nextjs.migrations_dir or "migrations")
        for ending in (".sql", ".ts", ".js"):
            yield from target.sources(place, ending)
    elif project.stack in ("phoenix", "umbrella") and project.elixir.database_choice in choices:
        umbrella = [files.join(one.dir, "priv") for one in project.elixir.umbrella_apps]
        for folder in umbrella if project.stack == "umbrella" else [files.join(app, "priv")]:
            yield from (file for file in target.sources(folder, ".exs") if "/migrations/" in file)


def extensions(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A migration makes an extension that Managed Postgres lacks, or has once it is enabled for a database."""
    server = platform.catalog("databases")["fly_managed"]
    told: set[str] = set()
    for file in migrations(target, project, ("fly_managed",)):
        text = target.peek(file).decode(errors="replace")
        if "xtension" not in text and "XTENSION" not in text:
            continue
        for made in MAKES.finditer(COMMENT.sub(lambda found: " " * len(found[0]), text)):
            name = made[1].lower()
            if name in told or name in server["extensions"]:
                continue
            told.add(name)
            code = "extension-enabled-first" if name in server["extensions_enabled_first"] else "extension-missing"
            yield warning(code, (file, files.line_of(text, made.start())), name=name)
