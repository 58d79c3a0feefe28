"""The lines that point at the scaffold's files: what to add to the app's own files, and where.

`tasks/wire.py` adds them after a copy, and prints those that it cannot add. The message after a copy with
`--skip-tasks` prints them all. That task starts with each copy: without what reads a whole project it takes half as
long, so nothing of that is imported here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .detect.elixir import mixfile
from .detect.limits import SOURCE_LIMIT

RELEASES = 'releases: elem(Code.eval_file("rel/releases.exs"), 0)'
PROVIDER = '{Config.Reader, path: {:system, "RELEASE_ROOT", "/fly.exs"}, env: Mix.env()}'
"""What reads rel/overlays/fly.exs, for a release that the project has of its own."""
SCRIPT = "deploy:fly"


class App(NamedTuple):
    """The app to wire: its path on this machine, its folder in the target, its stack.

    `web_module` and `endpoint` (a file relative to the app, "" where it is not known) are those of an Elixir app.
    """

    path: str
    folder: str
    stack: str
    web_module: str = ""
    endpoint: str = ""

    def in_target(self, file: str) -> str:
        """Where a file of the app is in the target."""
        return str(PurePosixPath(self.folder, file))


class Line(NamedTuple):
    """One line for one file, relative to the app; `place` says where in it the line belongs."""

    file: str
    line: str
    place: str

    def told(self, app: App) -> str:
        """What to do by hand."""
        return f"{app.in_target(self.file)}: {self.place}, add\n\n    {self.line}\n"


def takes_provider(options: mixfile.Group) -> bool:
    """Whether a release with these options reads rel/overlays/fly.exs once the provider is among them."""
    keys = mixfile.pairs(options.items)
    providers = keys.get("config_providers")
    plain = providers is None or (len(providers) == 1 and isinstance(providers[0], mixfile.Group))
    return plain and "rel_templates_path" not in keys and len(keys) == len(mixfile.elements(options.items))


def has_own_release(file: Path) -> bool:
    """Whether a mix.exs has `releases:` that are not ours; not where it is not there or not understood."""
    if not file.is_file() or file.stat().st_size > SOURCE_LIMIT:
        return False
    try:
        mix = mixfile.MixProject(file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, mixfile.UnparsableError):
        return False
    return mix.get("releases") is not None and not mix.has_string("rel/releases.exs")


def deploy_command(folder: str) -> str:
    """What the script in package.json runs, from an app in this folder of the target."""
    up = "/".join(".." for part in PurePosixPath(folder).parts)
    return f"cd {up} && ops/deploy production" if up else "ops/deploy production"


def _elixir_lines(app: App) -> list[Line]:
    first = "apps_path" if app.stack == "umbrella" else "app"
    own = f"config_providers: [{PROVIDER}]"
    return [
        Line("mix.exs", f"{RELEASES},", f"in the list of `def project`, behind `{first}:`")
        if not has_own_release(Path(app.path, "mix.exs"))
        else Line("mix.exs", own, "among the options of the release in `releases:`"),
        Line(
            app.endpoint or "endpoint.ex",
            f"plug {app.web_module}.HealthPlug",
            "directly behind `use Phoenix.Endpoint, ...`",
        ),
    ]


def _nextjs_lines(app: App) -> list[Line]:
    script = f"{json.dumps(SCRIPT)}: {json.dumps(deploy_command(app.folder))}"
    return [Line("package.json", script, 'in "scripts"')]


LINES: dict[str, Callable[[App], list[Line]]] = {"elixir": _elixir_lines, "nextjs": _nextjs_lines}
"""Framework → the lines that its apps get."""
