"""Reads a project, without running anything in it, for the defaults of the questions.

It is right or silent: what the files do not say plainly is left at "not known" (see `project.py`). It never raises,
whatever the folder holds; what cannot be read or is not served becomes a warning (see `survey.py`).
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from .. import yaml_text
from ..fly import toml
from . import clients, files, schedules, workers
from .elixir import app as elixir_app
from .files import Target
from .nextjs import app as nextjs_app
from .project import App, ElixirApp, ExistingDeployment, NextjsApp, Project
from .survey import survey

MAX_DEPTH = 3
"""How deep below the target an app is looked for: `apps/web` in a monorepo is 2."""
MAX_FOLDERS = 2_000


def _app_in(target: Target, folder: str) -> tuple[App | None, set[str]]:
    """The app in a folder, if there is one, and the names of the folders below that are its own."""
    names = target.names(folder)
    own: set[str] = set()
    app: App | None = None
    if "mix.exs" in names:
        mix = elixir_app.mix_project(target, folder)
        umbrella = elixir_app.umbrella_folder(mix)
        # What an Elixir project keeps below itself is its own: assets/package.json is no Next.js app.
        own = {"assets", "config", "lib", "rel"}
        if mix and umbrella:
            own.add(umbrella.partition("/")[0])
            app = App(folder, "umbrella", elixir_app.umbrella_name(mix))
        elif mix and elixir_app.is_phoenix(target, folder, mix):
            app = App(folder, "phoenix", mix.atom("app"))
    if app is None and "package.json" in names:
        package = nextjs_app.package_json(target, folder)
        if "next" in nextjs_app.dependencies(package):
            name = package.get("name")
            app = App(folder, "nextjs", name if isinstance(name, str) and name else None)
    return app, own


def find_apps(target: Target) -> list[App]:
    """Every deployable app down to `MAX_DEPTH`, nearest and first by name first."""
    apps: list[App] = []
    pending, visited = [(".", 0)], 0
    while pending and visited < MAX_FOLDERS:
        folder, depth = pending.pop(0)
        visited += 1
        app, own = _app_in(target, folder)
        apps += [app] if app else []
        if depth < MAX_DEPTH:
            pending += [
                (files.join(folder, name), depth + 1)
                for name, is_folder in target.names(folder).items()
                if is_folder and not name.startswith(".") and name not in files.NO_APPS | own
            ]
    # Where several have next, first those without pages are no app, then those that have a script of Next.js alone.
    of_next = [app for app in apps if app.stack == "nextjs"]
    libraries = [
        app for app in of_next if not nextjs_app.has_pages(target, app.dir, nextjs_app.package_json(target, app.dir))
    ]
    alone = [app for app in of_next if not nextjs_app.has_folder_of_pages(target, app.dir)]
    for dropped in (libraries, alone):
        others = [app for app in apps if app not in dropped]
        apps = others if any(app.stack == "nextjs" for app in others) else apps
    return apps


def _github(target: Target) -> bool:
    if target.is_dir(".github"):
        return True
    config = target.text(".git/config") if target.is_dir(".git") else None
    pointer = None if target.is_dir(".git") else target.text(".git")
    found = re.match(r"gitdir:\s*(.+)", pointer or "")
    if found:
        # A worktree keeps its remotes in the main repository (commondir), a submodule in a folder of its own.
        git = files.Target(os.path.join(target.root, found[1].strip()))  # noqa: PTH118
        common = (git.text("commondir") or "").strip()
        git = files.Target(os.path.join(git.root, common)) if common else git  # noqa: PTH118
        config = git.text("config")
    remote = False
    for line in (config or "").splitlines():
        section = re.match(r"\s*\[\s*(\w+)", line)
        if section:
            remote = section[1].lower() == "remote"
        elif remote and re.match(r"\s*url\s*=.*\bgithub\.com[:/]", line, re.IGNORECASE):
            return True
    return False


def _workflows(target: Target) -> tuple[str, ...]:
    """The names of the workflows that are not the template's."""
    return tuple(
        name
        for name, is_folder in target.names(".github/workflows").items()
        if not is_folder and name.endswith((".yml", ".yaml")) and not name.startswith("fly-")
    )


_FLY_CONFIGS: dict[str, tuple[Callable[[str], Any], str]] = {
    "fly.toml": (tomllib.loads, "TOML"),
    "fly.json": (json.loads, "JSON"),
    "fly.yaml": (yaml_text.load, "YAML"),
}
"""The names under which flyctl looks for the configuration of an app, in its order."""


def _fly_config(target: Target, folder: str) -> tuple[str | None, dict[str, Any]]:
    """Where the app's fly.toml is, or what stands for one, and what is in it."""
    for place in dict.fromkeys((".", folder)):
        for name, (parse, what) in _FLY_CONFIGS.items():
            if target.is_file(file := files.join(place, name)):
                return file, target.parsed(file, parse, what)
    return None, {}


def fly_keys(target: str) -> dict[str, list[str]]:
    """What the fly.toml at the top of a folder says now, as dotted key → values."""
    return toml.flat(Target(target).parsed("fly.toml", tomllib.loads, "TOML"))


def _existing(target: Target, folder: str) -> ExistingDeployment:
    file, data = _fly_config(target, folder)
    answers = target.parsed(".copier-answers.yml", yaml_text.load, "YAML")
    return ExistingDeployment(
        fly_toml_file=file,
        fly_toml=toml.settings(data),
        fly_toml_keys=toml.flat(data),
        template_version=str(answers.get("_commit") or "unknown") if "fly_app" in answers else None,
    )


def _clean_dir(app_dir: str | None) -> str | None:
    if app_dir is None or not isinstance(app_dir, str):
        return None
    parts = [part for part in app_dir.replace("\\", "/").split("/") if part not in ("", ".")]
    return None if app_dir.startswith("/") or ".." in parts else files.join(*parts)


def examine(dst: str | os.PathLike[str], app_dir: str | None = None) -> Project:
    """What a project says about itself; `detect` without its memory.

    `dst` is the target folder; `app_dir` names the app in it ("." or a posix path) when that is decided. Of several
    apps the one at the root counts, else the nearest; `Project.apps` has them all.
    """
    root = os.path.realpath(os.fspath(dst).replace("\0", ""))
    target = Target(root)
    apps = find_apps(target)
    wanted = None if app_dir is None else _clean_dir(app_dir)
    app = next((one for one in apps if app_dir is None or one.dir == wanted), None)
    if app is None and wanted:
        # Where no app is looked for, there may be one: in examples/, or far below.
        app, _ = _app_in(target, wanted)
    existing = _existing(target, app.dir if app else wanted or ".")
    env = existing.fly_toml.env
    project = Project(
        folder=os.fsencode(Path(root).name).decode(errors="replace"),
        app_dir=app.dir if app else None,
        stack=app.stack if app else None,
        apps=tuple(apps),
        github=_github(target),
        workflows=_workflows(target),
        elixir=elixir_app.read(target, app, env) if app and app.stack in ("phoenix", "umbrella") else ElixirApp(),
        nextjs=nextjs_app.read(target, app) if app and app.stack == "nextjs" else NextjsApp(),
        existing_deployment=existing,
        workers=workers.find(target, app) if app else (),
        schedules=schedules.find(target, app) if app else (),
    )
    project = replace(project, bucket=clients.bucket(target, project), redis=clients.redis(target, project))
    return replace(project, warnings=tuple(survey(target, project)))


@cache
def _remembered(dst: str, app_dir: str | None) -> Project:
    return examine(dst, app_dir)


def detect(dst: str | os.PathLike[str], app_dir: str | None = None) -> Project:
    """What a project says about itself (see `examine`), read once per folder and app.

    Each run of copier loads this package anew, so no run sees what an earlier one wrote, and within a run the
    defaults are those of the project as it was before the first file was written.
    """
    target = os.path.abspath(os.fspath(dst))  # noqa: PTH100 (takes any bytes)
    found = _remembered(target, None)
    # The answer is nearly always the app that was found; a large project takes a second to read.
    return found if app_dir is None or _clean_dir(app_dir) == found.app_dir else _remembered(target, app_dir)
