"""What another platform starts by the clock: the `crons` of vercel.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ..expressions import expression
from . import files
from .files import Target
from .project import App, Schedule

CALL = expression(r"node /call\.mjs (?:/[\w./~%@=+-]*|'/[^'\s]*')")
"""The command that calls a path of a Next.js app, as Vercel does."""
FILE = "vercel.json"


def find(target: Target, app: App) -> tuple[Schedule, ...]:
    """The schedules of an app, in the order of the file."""
    return tuple(_of_vercel(target, app)) if app.stack == "nextjs" else ()


def _of_vercel(target: Target, app: App) -> Iterator[Schedule]:
    # It may stand beside the app, and beside what the whole repository is for Vercel.
    for file in dict.fromkeys((files.join(app.dir, FILE), FILE)):
        taken: set[str] = set()
        for cron in _crons(target, file):
            path, line = cron.get("path"), cron.get("schedule")
            if isinstance(path, str) and path.startswith("/") and isinstance(line, str):
                command = f"node /call.mjs {path}"
                if not CALL.fullmatch(command):
                    command = f"node /call.mjs '{path}'"
                name = _name(path, taken)
                yield Schedule(name, line, command, file, target.where([file], f'"{path}"')[1])
        if taken:
            return


def _crons(target: Target, file: str) -> list[dict[str, Any]]:
    with suppress(ValueError, AttributeError, RecursionError):
        crons = json.loads(target.text(file) or "{}").get("crons")
        return [cron for cron in crons if isinstance(cron, dict)] if isinstance(crons, list) else []
    return []


def _name(path: str, taken: set[str]) -> str:
    """A name after the last part of a path, /api/cron/daily-digest: daily-digest; it is added to `taken`."""
    words = [re.sub(r"[^a-z0-9_-]+", "-", part.lower()).strip("-_") for part in path.partition("?")[0].split("/")]
    name = next((word for word in reversed(words) if re.match(r"[a-z]", word)), "call")[:26]
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    taken.add(unique)
    return unique
