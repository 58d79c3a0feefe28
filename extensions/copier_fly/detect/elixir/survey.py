"""What an Elixir project has that its image, its release or its scripts do not serve: one rule a function.

A rule gets a `Look` and yields a `ProjectWarning` for each thing it finds; `survey` runs them all. To add one: write
the function, put it into `RULES`, give its warning a text in `warnings.yml`, and give it a project and its opposite in
`tests/detection/test_survey_elixir.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from ...fly import platform
from .. import files, look
from ..files import Target
from ..project import ElixirApp, Project, ProjectWarning
from ..warnings import warning
from . import app as elixir_app
from . import config, mixfile
from .mixfile import Dep, MixProject, Token

_GENERATED = {"migrate", "rollback", "load_app", "repos", "create", "pending", "status"}
"""Functions that a generated release module has."""
_NODE = {
    "nodejs": "NodeJS.Supervisor",
    "inertia": "Inertia.SSR",
    "live_svelte": "NodeJS",
    "live_vue": "NodeJS",
    "live_react": "NodeJS",
}
"""Package that can run Node.js → the word in the code that starts it."""


class Look(look.Look):
    """A project, and what several rules read of it, each part read once."""

    @property
    def app(self) -> ElixirApp:
        """What was read of the app."""
        return self.project.elixir

    @cached_property
    def mixes(self) -> dict[str, MixProject]:
        """Every mix.exs of the app and of the umbrella's apps that could be read, by its path."""
        found = {}
        for folder in [self.dir, *(self.path(app.dir) for app in self.app.umbrella_apps)]:
            file = files.join(folder, "mix.exs")
            try:
                found[file] = MixProject(self.target.text(file) or "")
            except mixfile.UnparsableError:
                continue
        return found

    @cached_property
    def deps(self) -> list[tuple[str, Dep]]:
        """Every dependency that production has, with the file that names it; none of the umbrella's own apps."""
        own = {app.name for app in self.app.umbrella_apps}
        return [
            (file, dep)
            for file, mix in self.mixes.items()
            for dep in mix.deps()
            if dep.name not in own and not _only_elsewhere(dep)
        ]

    @cached_property
    def sources(self) -> dict[str, str]:
        """The app's own Elixir sources by path."""
        folders = ["lib", *(files.join(app.dir, "lib") for app in self.app.umbrella_apps)]
        return {
            file: self.target.peek(file).decode(errors="replace")
            for folder in folders
            for file in self.target.sources(self.path(folder), ".ex")
        }

    def config(self) -> Iterator[tuple[str, list[mixfile.Node]]]:
        """The statements of every config file that counts in production, with the file."""
        return config.production_files(self.target, self.dir)

    def code_has(self, word: str) -> tuple[str, int] | None:
        """The first place of a word in the app's own code, comments left out."""
        for file, text in self.sources.items():
            for number, line in enumerate(text.splitlines(), 1):
                if word in line.partition("#")[0]:
                    return file, number
        return None


def _only_elsewhere(dep: Dep) -> bool:
    only = {node.value for node in mixfile.flat(dep.options.get("only") or [])}
    return bool(only and "prod" not in only)


# --- What the build cannot get ---------------------------------------------------------------------------


def private_packages(look: Look) -> Iterator[ProjectWarning]:
    """Packages of a Hex organization, of another Hex repository, or from git over ssh: the build has no login."""
    found: dict[str, str] = {}
    for file, dep in look.deps:
        organization, repo = (mixfile.literal(dep.options.get(key), "string") for key in ("organization", "repo"))
        url = str(mixfile.literal(dep.options.get("git"), "string") or "")
        if organization or (repo and repo != "hexpm"):
            found[dep.name] = f"Hex {'organization' if organization else 'repository'} {organization or repo}"
        elif url.startswith(("git@", "ssh://")):
            found[dep.name] = "git over ssh"
        if len(found) == 1 and dep.name in found:
            place = look.target.where([file], f":{dep.name}")
    if found:
        yield warning("private-package", place, names=", ".join(f"{name} ({source})" for name, source in found.items()))


def path_outside(look: Look) -> Iterator[ProjectWarning]:
    """A path dependency that lies outside of what the image build gets."""
    for file, dep in look.deps:
        path = str(mixfile.literal(dep.options.get("path"), "string") or "")
        parts = files.folder_of(file).split("/") if files.folder_of(file) != "." else []
        outside = path.startswith("/")
        for part in path.split("/"):
            if part == ".." and not parts:
                outside = True
            elif part == "..":
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        if path and (outside or not files.within("/".join(parts) or ".", look.dir)):
            yield warning(
                "path-outside-repository" if outside else "path-outside",
                look.target.where([file], f'"{path}"'),
                name=dep.name,
                path=path,
            )


def variables(look: Look) -> Iterator[ProjectWarning]:
    """Variables without which the build stops, or the app does not boot; `extra_secrets` has the latter by default."""
    at_build, at_run_time = look.app.variables_at_build, look.app.variables_at_run_time
    for code, found in (("variable-at-build", at_build), ("variable-at-run-time", at_run_time)):
        if found:
            yield warning(code, (found[0].file, found[0].line), names=", ".join(variable.name for variable in found))


def old_requirement(look: Look) -> Iterator[ProjectWarning]:
    """`elixir:` excludes every version for which an image is offered."""
    images = [image for image in platform.catalog("elixir")["images"].values() if not image.get("retired")]
    wanted = re.fullmatch(r"\s*~>\s*(\d+)\.(\d+)\.\d+(-\S+)?\s*", look.app.elixir_requirement or "")
    line = f"{wanted[1]}.{wanted[2]}." if wanted else ""
    newest = max(tuple(int(part) for part in str(image["elixir"]).split(".")[:2]) for image in images)
    if (
        wanted
        and (int(wanted[1]), int(wanted[2])) <= newest
        and not any(str(image["elixir"]).startswith(line) for image in images)
    ):
        yield warning(
            "elixir-requirement",
            look.target.where(list(look.mixes), look.app.elixir_requirement or ""),
            wanted=look.app.elixir_requirement,
            line=line.rstrip("."),
        )


# --- What the release lacks ------------------------------------------------------------------------------


def assets_without_alias(look: Look) -> Iterator[ProjectWarning]:
    """There are assets to build, and mix.exs has no alias `assets.deploy` that builds them."""
    if look.app.assets != "none" or any(mix.has_alias("assets.deploy") for mix in look.mixes.values()):
        return
    folders = [look.dir, *(look.path(app.dir) for app in look.app.umbrella_apps if app.has_endpoint)]
    for folder in folders:
        for file in (files.join(folder, "assets", "package.json"), files.join(folder, "package.json")):
            scripts = look.target.parsed(file, json.loads, "JSON").get("scripts")
            script = next((name for name in ("deploy", "build") if isinstance(scripts, dict) and name in scripts), None)
            if script is None:
                continue
            where = "assets" if file.endswith("assets/package.json") else "."
            yield warning("assets-by-script", look.target.where([file], f'"{script}"'), script=script, folder=where)
            return
    builders = [dep.name for _, dep in look.deps if dep.name in ("esbuild", "tailwind", "dart_sass", "bun", "vite")]
    if builders:
        yield warning(
            "assets-not-built", look.target.where(list(look.mixes), f":{builders[0]}"), names=" and ".join(builders)
        )


def node_at_run_time(look: Look) -> Iterator[ProjectWarning]:
    """The app starts Node.js when it runs, and the image has none."""
    for _, dep in look.deps:
        place = look.code_has(_NODE[dep.name]) if dep.name in _NODE else None
        if place is None:
            continue
        yield warning("node-at-run-time", place, name=dep.name)
        return


def programs_at_run_time(look: Look) -> Iterator[ProjectWarning]:
    """A package runs a program that is in the image only where `apt_packages` names it."""
    for file, dep in look.deps:
        if dep.name in elixir_app.PROGRAMS:
            program, packages = elixir_app.PROGRAMS[dep.name]
            yield warning(
                "program-at-run-time",
                look.target.where([file], f":{dep.name}"),
                name=dep.name,
                program=program,
                packages=", ".join(packages),
            )


def writes_its_own_folder(look: Look) -> Iterator[ProjectWarning]:
    """tzdata keeps its updates in its own folder, which the app cannot write in the image."""
    named = [file for file, dep in look.deps if dep.name == "tzdata"]
    if not named:
        return
    for _, nodes in look.config():
        words = [str(token.value) for token in mixfile.flat(nodes)]
        if "tzdata" in words and ("autoupdate" in words or "data_dir" in words):
            return
    yield warning("writes-own-folder", look.target.where(named, ":tzdata"))


# --- What meets the check, the proxy and the cluster -----------------------------------------------------


def force_ssl(look: Look) -> Iterator[ProjectWarning]:
    """`force_ssl` or `Plug.SSL` without `rewrite_on`: behind Fly's proxy it redirects every request endlessly."""
    places: list[tuple[str, Token, list[Token]]] = []
    for file, nodes in look.config():
        for statement in mixfile.statements(nodes):
            tokens = list(mixfile.flat(statement))
            places += [(file, token, tokens) for token in tokens if token[:2] == ("key", "force_ssl")]
    for file, token, tokens in places:
        values = [one.value for one in tokens[tokens.index(token) :]]
        if values[1:2] in (["false"], ["nil"]) or "rewrite_on" in values:
            continue
        yield _redirects(file, files.line_of(look.target.text(file) or "", token.start), "force_ssl")
    for file, text in look.sources.items():
        for found in re.finditer(r"^[ \t]*plug[ (]+Plug\.SSL\b([^#\n]*(?:\n[^#\n]*)?)", text, re.MULTILINE):
            if "rewrite_on" not in found[1]:
                yield _redirects(file, files.line_of(text, found.start()), "Plug.SSL")


def _redirects(file: str, line: int, name: str) -> ProjectWarning:
    return warning("force-ssl", (file, line), name=name)


def node_names(look: Look) -> Iterator[ProjectWarning]:
    """libcluster looks for other machines by a node name that rel/env.sh.eex gives them."""
    file = look.path("rel", "env.sh.eex")
    text = look.target.text(file) or ""
    if "copier-fly" in text or "RELEASE_NODE" not in text or not any(dep.name == "libcluster" for _, dep in look.deps):
        return
    yield warning("node-names", look.target.where([file], "RELEASE_NODE"), file=file)


def release_functions(look: Look) -> Iterator[ProjectWarning]:
    """The release module has functions that the template's file, which takes its place, does not have."""
    folders = {look.app.app_lib, *(app.lib for app in look.app.umbrella_apps if app.repos)} - {None}
    for folder in sorted(str(folder) for folder in folders):
        file = look.path(folder, "release.ex")
        text = look.target.text(file) or ""
        own = [
            name
            for name in dict.fromkeys(re.findall(r"^[ \t]*def[ \t]+(\w+[?!]?)", text, re.MULTILINE))
            if name not in _GENERATED
        ]
        if own and "copier-fly" not in text:
            yield warning(
                "release-functions", look.target.where([file], f"def {own[0]}"), names=", ".join(own), file=file
            )


def tenant_migrations(look: Look) -> Iterator[ProjectWarning]:
    """Migrations of tenants have a folder of their own, which the release does not run."""
    for app_dir in {"", *(app.dir for app in look.app.umbrella_apps)}:
        for repo, is_folder in look.target.names(look.path(app_dir, "priv")).items():
            folder = look.path(app_dir, "priv", repo, "tenant_migrations")
            if is_folder and look.target.is_dir(folder):
                yield warning("tenant-migrations", (folder, None))


def health_plug_elsewhere(look: Look) -> Iterator[ProjectWarning]:
    """Another file defines the module that the template's health plug has."""
    name = f"{look.app.web_module}.HealthPlug"
    for file, text in look.sources.items():
        found = re.search(rf"^[ \t]*defmodule[ \t]+{re.escape(name)}[ \t]+do", text, re.MULTILINE)
        if look.app.web_module and found and not file.endswith("/health_plug.ex"):
            yield warning("health-plug-name", (file, files.line_of(text, found.start())), name=name)


def tcp_beside_http(look: Look) -> Iterator[ProjectWarning]:
    """A single app listens on further ports, which are only offered where the answer names them."""
    if look.project.stack == "phoenix" and look.app.tcp_ports:
        ports = ", ".join(f"{{name: {one.name}, port: {one.port}}}" for one in look.app.tcp_ports)
        numbers = " and ".join(str(one.port) for one in look.app.tcp_ports)
        places = [look.path("config", f"{name}.exs") for name in ("runtime", "prod", "config")]
        yield warning(
            "tcp-port",
            look.target.where(places, str(look.app.tcp_ports[0].port)),
            numbers=numbers,
            ports=ports,
        )


RULES: tuple[Callable[[Look], Iterable[ProjectWarning]], ...] = (
    private_packages,
    path_outside,
    variables,
    old_requirement,
    assets_without_alias,
    node_at_run_time,
    programs_at_run_time,
    writes_its_own_folder,
    force_ssl,
    node_names,
    release_functions,
    tenant_migrations,
    health_plug_elsewhere,
    tcp_beside_http,
)


def survey(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """Every warning on an Elixir app; none where there is none."""
    if project.stack in ("phoenix", "umbrella") and project.app_dir is not None:
        look = Look(target, project)
        for rule in RULES:
            yield from rule(look)
