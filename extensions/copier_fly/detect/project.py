"""Reads a project, without running anything in it, for the defaults of the questions.

`detect(dst, app_dir=None)` returns plain JSON types. It is right or silent: what the files do not say plainly
is None, [] or {}. It never raises, whatever the folder holds. Keys: see `detect`.
"""

from __future__ import annotations

import os
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from . import existing, files
from .elixir import app as elixir_app
from .nextjs import app as nextjs_app

MAX_DEPTH = 3
"""How deep below the target an app is looked for: `apps/web` in a monorepo is 2."""
MAX_FOLDERS = 2_000
SKIPPED = frozenset(
    """
    deps _build node_modules vendor bower_components venv __pycache__ dist build out target tmp log logs
    coverage cover doc docs priv spec test tests e2e cypress fixtures example examples
    """.split()  # noqa: SIM905
)
"""Folders that hold no app of the user's own; neither do those whose name begins with a dot."""


class App(NamedTuple):
    """A deployable app: its folder, its stack, its name as the app itself gives it."""

    dir: str
    stack: str
    name: str | None
    mix: Any


def find_apps(target: Any) -> list[App]:
    """Every deployable app down to `MAX_DEPTH`, nearest and first by name first."""
    apps: list[App] = []
    pending, visited = [(".", 0)], 0
    while pending and visited < MAX_FOLDERS:
        folder, depth = pending.pop(0)
        visited += 1
        names = target.names(folder)
        own: set[str] = set()
        if "mix.exs" in names:
            mix = elixir_app.project(target, folder)
            children = elixir_app.umbrella_folder(mix)
            # What an Elixir project keeps below itself is its own: assets/package.json is no Next.js app.
            own = {"assets", "config", "lib", "rel"}
            if children:
                own.add(children.partition("/")[0])
                apps.append(App(folder, "umbrella", elixir_app.umbrella_name(mix), mix))
            elif mix and elixir_app.is_phoenix(target, folder, mix):
                apps.append(App(folder, "phoenix", mix.atom("app"), mix))
        if "package.json" in names:
            package = nextjs_app.package_json(target, folder)
            if "next" in nextjs_app.dependencies(package):
                name = package.get("name")
                apps.append(App(folder, "nextjs", name if isinstance(name, str) and name else None, None))
        if depth < MAX_DEPTH:
            pending += [
                (files.join(folder, name), depth + 1)
                for name, is_folder in names.items()
                if is_folder and not name.startswith(".") and name not in SKIPPED | own
            ]
    return apps


def _github(target: Any) -> bool:
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


def _memory(value: Any) -> str | None:
    """Memory as fly.toml may write it (512, "512", "512mb", "1GB") in the form of our answers: 512mb, 1gb."""
    found = re.fullmatch(r"\s*(\d{1,7})\s*(m|mb|mib|g|gb|gib)?\s*", str(value), re.IGNORECASE)
    if not found or isinstance(value, bool):
        return None
    megabytes = int(found[1]) * (1024 if (found[2] or "m").lower().startswith("g") else 1)
    return f"{megabytes // 1024}gb" if megabytes % 1024 == 0 and megabytes else f"{megabytes}mb"


def _fly_toml(target: Any, folder: str) -> tuple[str | None, dict[str, Any]]:
    """Where the app's fly.toml is, and what is in it."""
    relative = next((path for path in ("fly.toml", files.join(folder, "fly.toml")) if target.is_file(path)), None)
    return relative, target.parsed(relative, tomllib.loads, "TOML") if relative else {}


def fly_keys(target: str) -> dict[str, list[str]]:
    """What the fly.toml at the top of a folder says now, as dotted key → values."""
    return existing.flat(_fly_toml(files.Target(target), ".")[1])


def _stopping(value: Any) -> Any:
    return {True: "stop", False: "off"}[value] if isinstance(value, bool) else value


def _env(data: Any) -> dict[str, str] | None:
    """Variables as the text they are set to, None when there are none."""
    env = data if isinstance(data, dict) else {}
    plain = {name: value for name, value in env.items() if isinstance(value, str | int | float)}
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in plain.items()
    } or None


def _fly(data: dict[str, Any]) -> dict[str, Any]:
    """What an existing fly.toml says, under the names of our questions; only what is there."""

    def first(key: str) -> dict[str, Any]:
        value = data.get(key)
        value = value[0] if isinstance(value, list) and value else value
        return value if isinstance(value, dict) else {}

    vm = first("vm")
    size = vm.get("size")
    cpus = vm.get("cpus", 1)
    if size is None and vm.get("cpu_kind") in ("shared", "performance") and isinstance(cpus, int):
        size = f"shared-cpu-{cpus}x" if vm["cpu_kind"] == "shared" else f"performance-{cpus}x"
    port = first("http_service").get("internal_port", first("services").get("internal_port"))
    memory = vm.get("memory", vm.get("memory_mb"))
    http, metrics = first("http_service"), first("metrics")
    values = {
        "app": (str, data.get("app")),
        "primary_region": (str, data.get("primary_region")),
        "internal_port": (int, port),
        "vm_size": (str, size),
        "vm_memory": (str, None if memory is None else _memory(memory)),
        "swap_mb": (int, data.get("swap_size_mb")),
        "release_command": (str, first("deploy").get("release_command")),
        "strategy": (str, first("deploy").get("strategy")),
        "auto_stop": (str, _stopping(http.get("auto_stop_machines"))),
        "min_machines": (int, http.get("min_machines_running")),
        "metrics_port": (int, metrics.get("port") if metrics.get("path", "/metrics") == "/metrics" else None),
        "env": (dict, _env(data.get("env"))),
    }
    return {
        key: value
        for key, (kind, value) in values.items()
        if isinstance(value, kind) and not isinstance(value, bool) and value != ""
    }


def _version(target: Any) -> str | None:
    answers = target.parsed(".copier-answers.yml", yaml.safe_load, "YAML")
    return str(answers.get("_commit") or "unknown") if "fly_app" in answers else None


def _clean_dir(app_dir: str | None) -> str | None:
    if app_dir is None or not isinstance(app_dir, str):
        return None
    parts = [part for part in app_dir.replace("\\", "/").split("/") if part not in ("", ".")]
    return None if app_dir.startswith("/") or ".." in parts else files.join(*parts)


def examine(dst: str | os.PathLike[str], app_dir: str | None = None) -> dict[str, Any]:
    """What a project says about itself; `detect` without its memory.

    `dst` is the target folder; `app_dir` names the app in it ("." or a posix path) when that is decided.
    Returns, for the folder: stack, app_dir, apps [{dir, stack, name}], problems and notes (sentences), folder, github,
    workflows, version (of this template, of an earlier copy), fly {app, primary_region, internal_port, vm_size,
    vm_memory, swap_mb, release_command, strategy, auto_stop, min_machines, metrics_port, env: only what is there},
    fly_toml {file, keys: dotted key → values}, adoption (sentences on an earlier deployment). For the app: `elixir`
    (`elixir_app.details`) and `nextjs` (`nextjs_app.details`), each None unless the app is one.
    """
    root = os.path.realpath(os.fspath(dst).replace("\0", ""))
    target = files.Target(root)
    apps = find_apps(target)
    wanted = None if app_dir is None else _clean_dir(app_dir)
    # Of several apps the one at the root, else the nearest; `apps` shows that there are more.
    app = next((one for one in apps if app_dir is None or one.dir == wanted), None)
    elixir = elixir_app.details(target, app) if app and app.mix else None
    nextjs = nextjs_app.details(target, app) if app and app.stack == "nextjs" else None
    fly_file, fly_data = _fly_toml(target, app.dir if app else wanted or ".")
    version = _version(target)

    def ours(entries: list[tuple[str, str]]) -> list[str]:
        # A file in a corner of the repository that is not the app's is nobody's problem here.
        return [text for folder, text in entries if not app or folder == "." or files.within(folder, app.dir)]

    seen = {
        "stack": app.stack if app else None,
        "app_dir": app.dir if app else None,
        "apps": [{"dir": one.dir, "stack": one.stack, "name": one.name} for one in apps],
        "problems": ours(target.problems),
        "notes": ours(target.notes),
        "folder": os.fsencode(Path(root).name).decode(errors="replace"),
        "github": _github(target),
        "workflows": [
            name
            for name, is_folder in target.names(".github/workflows").items()
            if not is_folder and name.endswith((".yml", ".yaml")) and not name.startswith("fly-")
        ],
        "fly": _fly(fly_data),
        "fly_toml": {"file": fly_file, "keys": existing.flat(fly_data)},
        "version": version,
        "elixir": elixir,
        "nextjs": nextjs,
    }
    return seen | {"adoption": existing.notes(files.Target(root), seen)}


@cache
def _remembered(dst: str, app_dir: str | None) -> dict[str, Any]:
    return examine(dst, app_dir)


def detect(dst: str | os.PathLike[str], app_dir: str | None = None) -> dict[str, Any]:
    """What a project says about itself (see `examine`), read once per folder and app.

    Copier loads this file anew for every run, so no run sees what an earlier one wrote, and within a run the
    defaults are those of the project as it was before the first file was written.
    """
    return _remembered(os.path.abspath(os.fspath(dst)), app_dir)  # noqa: PTH100 (takes any bytes)
