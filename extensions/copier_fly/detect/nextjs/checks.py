"""What stands in the way of a Next.js app's deployment, said before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..project import NextjsApp

OLDEST = 12
"""The first line of Next.js with a standalone build; 12.0.10 and 12.3.4 were built and asked, 11.1.4 has none."""


def problem(app: NextjsApp, answers: Mapping[str, Any], chosen: bool) -> str:
    """Name the first thing that makes a deployment of this app impossible, as a sentence with the way out.

    `app` is what was detected, `chosen` whether an answer says which package manager is meant. Empty when nothing
    stands in the way.
    """
    if app.output == "export":
        return (
            "next.config sets output: 'export', which makes plain files and no server to run; remove that line, "
            "or put the folder out/ on a host for static files."
        )
    if (_major(app.next_version) or OLDEST) < OLDEST:
        return (
            f"Next.js {app.next_version} has no standalone build, which the image is made of; "
            f"Next.js {OLDEST} and newer have one: update it in package.json."
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
    return ""


def _major(version: Any) -> int | None:
    found = re.match(r"\D{0,2}(\d+)", str(version or ""))
    return int(found[1]) if found else None
