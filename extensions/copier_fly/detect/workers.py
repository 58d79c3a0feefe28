"""Processes that a project starts beside its web app: the script `worker`, the line `worker:` of a Procfile, and a
service of Docker Compose that is called so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..expressions import expression
from . import files
from .files import Target
from .nextjs import app as nextjs_app
from .project import App, Worker

NODE_COMMAND = expression(
    r"node(?: --[\w=./-]+)* (?:\./)?(?P<file>(?:[\w@-][\w.@-]*/)*[\w@-][\w.@-]*\.[cm]?js)(?: [^&|;<>$]*)?"
)
"""A command that starts a JavaScript file of the app: all that the image of a Next.js app can start."""
_SCRIPTS = ("worker", "start:worker", "worker:start")
_RUNS_SCRIPT = expression(r"(?:npm run|pnpm(?: run)?|yarn(?: run)?|bun run) ([\w:-]+)")
_RUNS_CODE = expression(r"(?:\S+ )*?(?:node|tsx|ts-node|bun)\b")
_ENVIRONMENT = expression(r"(?:cross-env )?NODE_ENV=production ")
"""What the image sets anyway."""


_PROCESS = expression(
    r"(?!(?:web|release|postdeploy|console|dev|test|assets|css|js|db|redis|postgres|proxy|nginx)\b)([a-z][a-z0-9]*):\s*(\S.*?)\s*"
)
"""A line of a Procfile with a process beside the web app."""

COMPOSE = tuple(
    f"{name}{part}.{ending}"
    for part in (".prod", ".production", "-prod", "")
    for name in ("docker-compose", "compose")
    for ending in ("yml", "yaml")
)
"""The Compose files of a project, those for production first."""
_SERVICE = expression(
    r"^( +)([\w-]*(?:worker|clock|cron|scheduler|beat|consumer)[\w-]*):[ \t]*\n((?:\1 +.*\n|[ \t]*(?:#.*)?\n)+)",
    re.MULTILINE,
)
"""A service of a Compose file: how far it is indented, its name, and what it says."""
_COMMAND = expression(r"^ +command:[ \t]*([^\s\[|>].*)$", re.MULTILINE)


def find(target: Target, app: App) -> tuple[Worker, ...]:
    """The processes of an app; `served` where the image can start the command as it is."""
    return (
        tuple(_of_procfile(target, app))
        or tuple(_of_scripts(target, app) if app.stack == "nextjs" else ())
        or tuple(_of_compose(target, app))
    )


def _of_procfile(target: Target, app: App) -> Iterator[Worker]:
    for file in dict.fromkeys((files.join(app.dir, "Procfile"), "Procfile")):
        lines = enumerate((target.text(file) or "").splitlines(), 1)
        found = [(number, line) for number, text in lines if (line := _PROCESS.fullmatch(text))]
        for number, line in found:
            command = plain_command(target, app, line[2])
            yield Worker(line[1], command, file, number, served=_is_served(target, app, command))
        if found:
            return


def _of_scripts(target: Target, app: App) -> Iterator[Worker]:
    file = files.join(app.dir, "package.json")
    for name in _SCRIPTS:
        command = plain_command(target, app, f"npm run {name}")
        # Workers of other platforms are called so too.
        if _RUNS_CODE.match(command):
            _, line = target.where([file], f'"{name}":')
            yield Worker("worker", command, file, line, served=_is_served(target, app, command))
            return


def _of_compose(target: Target, app: App) -> Iterator[Worker]:
    """The services that are built of the project and have a command of their own, in the first file that has some."""
    for file in (files.join(folder, name) for folder in dict.fromkeys((app.dir, ".")) for name in COMPOSE):
        text = target.source(file) + "\n" if target.is_file(file) else ""
        found = [(one, _COMMAND.search(one[3])) for one in _SERVICE.finditer(text) if "build:" in one[3]]
        for one, command in found:
            if command:
                said = plain_command(target, app, command[1].strip(" \"'"))
                yield Worker(one[2], said, file, files.line_of(text, one.start()), served=False)
        if any(command for _, command in found):
            return


def plain_command(target: Target, app: App, command: str) -> str:
    """The command that a script stands for, without what the image sets anyway; any other one as it is."""
    scripts = nextjs_app.package_json(target, app.dir).get("scripts") if app.stack == "nextjs" else {}
    found = _RUNS_SCRIPT.fullmatch(command)
    named = scripts.get(found[1]) if found and isinstance(scripts, dict) else None
    return _ENVIRONMENT.sub("", named if isinstance(named, str) else command, count=1)


def _is_served(target: Target, app: App, command: str) -> bool:
    found = NODE_COMMAND.fullmatch(command) if app.stack == "nextjs" else None
    return bool(found and target.is_file(files.join(app.dir, found["file"])))
