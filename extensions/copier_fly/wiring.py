"""The lines that point at the scaffold's files: what to add to the app's own files, and where.

`tasks/wire.py` adds them after a copy, and prints those that it cannot add. The message after a copy with
`--skip-tasks` prints them all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from .detect import files
from .detect.elixir import app as elixir
from .detect.elixir import mixfile

RELEASES = 'releases: elem(Code.eval_file("rel/releases.exs"), 0)'
PROVIDER = '{Config.Reader, path: {:system, "RELEASE_ROOT", "/fly.exs"}, env: Mix.env()}'
"""What reads rel/overlays/fly.exs, for a release that the project has of its own."""
SCRIPT = "deploy:fly"


@dataclass(frozen=True)
class App:
    """The app to wire: its path on this machine, its folder in the target, its stack.

    `web_module` and `endpoint` (a file relative to the app, None to search for it) are those of an Elixir app.
    """

    path: str
    folder: str
    stack: str
    web_module: str = ""
    endpoint: str | None = None


@dataclass(frozen=True)
class Line:
    """One line for one file, relative to the app; `place` says where in it the line belongs."""

    file: str
    line: str
    place: str

    def told(self, app: App) -> str:
        """What to do by hand."""
        return f"{files.join(app.folder, self.file)}: {self.place}, add\n\n    {self.line}\n"


def takes_provider(options: mixfile.Group) -> bool:
    """Whether a release with these options reads rel/overlays/fly.exs once the provider is among them."""
    keys = mixfile.pairs(options.items)
    providers = keys.get("config_providers")
    plain = providers is None or (len(providers) == 1 and isinstance(providers[0], mixfile.Group))
    return plain and "rel_templates_path" not in keys and len(keys) == len(mixfile.elements(options.items))


def find_endpoint(app: App) -> str | None:
    """The file, relative to the app, of WEB_MODULE.Endpoint, or of the only endpoint there is."""
    target = files.Target(os.path.realpath(app.path))
    folder = elixir.umbrella_folder(elixir.mix_project(target, ".")) if app.stack == "umbrella" else None
    folders = ["."] if folder is None else [files.join(folder, name) for name in target.names(folder)]
    found = [endpoint for one in folders for endpoint in elixir.Sources(target, one).endpoints]
    named = [endpoint.file for endpoint in found if endpoint.module == f"{app.web_module}.Endpoint"]
    return named[0] if named else found[0].file if len(found) == 1 else None


def deploy_command(folder: str) -> str:
    """What the script in package.json runs, from an app in this folder of the target."""
    up = "/".join(".." for part in PurePosixPath(folder).parts)
    return f"cd {up} && ops/deploy production" if up else "ops/deploy production"


def _elixir_lines(app: App) -> list[Line]:
    first = "apps_path" if app.stack == "umbrella" else "app"
    mix = elixir.mix_project(files.Target(os.path.realpath(app.path)), ".")
    ours = mix is None or mix.get("releases") is None or mix.has_string("rel/releases.exs")
    own = f"config_providers: [{PROVIDER}]"
    return [
        Line("mix.exs", f"{RELEASES},", f"in the list of `def project`, behind `{first}:`")
        if ours
        else Line("mix.exs", own, "among the options of the release in `releases:`"),
        Line(
            app.endpoint or find_endpoint(app) or "endpoint.ex",
            f"plug {app.web_module}.HealthPlug",
            "directly behind `use Phoenix.Endpoint, ...`",
        ),
    ]


def _nextjs_lines(app: App) -> list[Line]:
    script = f"{json.dumps(SCRIPT)}: {json.dumps(deploy_command(app.folder))}"
    return [Line("package.json", script, 'in "scripts"')]


LINES: dict[str, Callable[[App], list[Line]]] = {"elixir": _elixir_lines, "nextjs": _nextjs_lines}
"""Framework → the lines that its apps get."""
