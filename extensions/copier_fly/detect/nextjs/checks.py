"""What stands in the way of a Next.js app's deployment, said before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..project import NextjsApp

NODE_FLOOR = {13: (16, 14), 14: (18, 17), 15: (18, 18), 16: (20, 9)}
"""The oldest Node.js that a major version of Next.js runs on (`engines` of its package, 2026-11-21)."""


def problem(target: str, app: NextjsApp, answers: Mapping[str, Any], chosen: bool) -> str:
    """Name the first thing that makes a deployment of this app impossible, as a sentence with the way out.

    `target` is the folder of the repository, `app` what was detected, `chosen` whether an answer says
    which package manager is meant. Empty when nothing stands in the way.
    """
    if app.output == "export":
        return (
            "next.config sets output: 'export', which makes plain files and no server to run; remove that line, "
            "or put the folder out/ on a host for static files."
        )
    locks = app.lockfiles
    if len(locks) > 1 and not app.package_manager and not chosen:
        return (
            f"{' and '.join(locks)} are both there; delete the one that is not used, or say which it is: "
            "-d package_manager=npm (or pnpm, yarn, yarn_berry, bun)."
        )
    if answers.get("orm") == "prisma" and (_major(app.orm_version) or 0) >= 8:
        return (
            f"Prisma {app.orm_version} has no `migrate deploy`, and its `prisma deploy` goes to Prisma's own "
            "platform; stay on Prisma 7 in package.json."
        )
    return _old_node(target, app, str(answers.get("app_dir", ".")))


def _major(version: Any) -> int | None:
    found = re.match(r"\D{0,2}(\d+)", str(version or ""))
    return int(found[1]) if found else None


def _old_node(target: str, app: NextjsApp, app_dir: str) -> str:
    # Not from `engines`: ">=18" there is no wish for 18.
    floor = NODE_FLOOR.get(app.next_major or 0)
    for folder in dict.fromkeys((app_dir, ".")):
        for name in (".nvmrc", ".node-version"):
            file = Path(target, folder, name)
            found = re.fullmatch(r"v?(\d+)(?:\.(\d+))?(?:\.\d+)?", _line(file))
            if floor and found and (int(found[1]), int(found[2] or 99)) < floor:
                return (
                    f"{file.relative_to(target)} asks for Node.js {found[0]}, but Next.js {app.next_major} needs "
                    f"{floor[0]}.{floor[1]} or newer; write 24 there."
                )
    return ""


def _line(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip() if file.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return ""
