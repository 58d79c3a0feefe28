"""What an Elixir project has that its image, its release or its scripts do not serve: one rule a function.

A rule gets a `Look` and yields a `ProjectWarning` for each thing it finds; `survey` runs them all. To add one: write
the function, put it into `RULES`, give its warning a text in `warnings.yml`, and give it a project and its opposite in
`tests/detection/test_survey_elixir.py`.
"""

from __future__ import annotations

import json
import operator
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from typing import Any, NamedTuple

from ... import naming
from ...expressions import expression
from ...fly import platform
from .. import files, look
from ..files import Target
from ..limits import LOCK_LIMIT
from ..project import ElixirApp, Project, ProjectWarning, TcpPort
from ..warnings import warning
from . import app as elixir_app
from . import compiled, config, environment, machine, mixfile, paths, release, words
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
DATABASE_PART = expression(
    r"(DB|DATABASE|POSTGRES|POSTGRESQL|PG|ECTO)_?(HOST|HOSTNAME|USER|USERNAME|PASS|PASSWORD|NAME|PORT|DATABASE|DB)"
)
"""Variables that give a database piece by piece."""
_READERS = ("File.read!", "File.read", "File.stream!", "Code.require_file", "Code.eval_file", "Code.compile_file")
_LEFT_OUT = expression(
    r"(.*/)?(\.env(\..*)?|[^/]*\.secret\.exs|[^/]*\.dump)$|(ops|test|docs/fly)/|\.(?!cargo/|tool-versions|version)"
)
"""What .dockerignore keeps out of the build, as seen from the app."""


class _Code:
    """The Elixir sources below some folders."""

    def __init__(self, target: Target, folders: tuple[str, ...]):
        found = (file for folder in folders for file in target.sources(folder, ".ex"))
        self.sources = {file: target.code(file) for file in found}
        """The text of each by its path."""
        self._target = target

    @cached_property
    def in_production(self) -> dict[str, str]:
        """Those that a release has: no tasks of Mix."""
        return {
            file: text
            for file, text in self.sources.items()
            if "/lib/mix/" not in f"/{file}"
            and not ("Mix." in self.words[file] and ("use Mix.Task" in text or "defmodule Mix." in text))
        }

    @cached_property
    def words(self) -> dict[str, frozenset[str]]:
        """Which words of `words.WORDS` each has."""
        return {file: words.of(self._target, file) for file in self.sources}


@lru_cache(maxsize=1)
def _code(target: Target, folders: tuple[str, ...]) -> _Code:
    return _Code(target, folders)


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
            if dep.name not in own and elixir_app.in_production(dep)
        ]

    @property
    def code(self) -> _Code:
        """The app's own Elixir sources."""
        folders = ["lib", *(files.join(app.dir, "lib") for app in self.app.umbrella_apps)]
        return _code(self.target, tuple(self.path(folder) for folder in folders))

    @property
    def sources(self) -> dict[str, str]:
        """The app's own Elixir sources by path."""
        return self.code.sources

    @property
    def code_in_production(self) -> dict[str, str]:
        """The app's own Elixir sources by path, without tasks of Mix, which no release has."""
        return self.code.in_production

    def words(self, file: str) -> frozenset[str]:
        """Which words of `words.WORDS` one of the sources has."""
        return words.of(self.target, file)

    @cached_property
    def migrating(self) -> list[_Migrating]:
        """The modules of the app that migrate."""
        return list(_migrating(self))

    def having(self, *wanted: str) -> Iterator[tuple[str, str]]:
        """The sources in production that have one of these words of `words.WORDS`, each with its text."""
        assert set(wanted) <= set(words.WORDS), wanted
        code = self.code
        for file, text in code.in_production.items():
            if not code.words[file].isdisjoint(wanted):
                yield file, text

    def names(self, module: str) -> bool:
        """Whether the configuration, or a module other than itself, names a module, also as one below `__MODULE__`."""
        outer, _, last = module.rpartition(".")
        named = re.compile(rf"\b{re.escape(module)}\b(?!\.)")
        below = re.compile(rf"\b__MODULE__\.{re.escape(last)}\b(?!\.)")
        texts = (*(self.target.text(file) or "" for file, _ in self.config()), *self.sources.values())
        # Few files have the word at all, which costs less to see.
        return any(
            (module in text and f"defmodule {module} " not in text and named.search(text) is not None)
            or ("__MODULE__." in text and f"defmodule {outer} " in text and below.search(text) is not None)
            for text in texts
        )

    def repo_place(self, module: str) -> tuple[str, int | None]:
        """The place that defines a module."""
        named = [file for file, text in self.sources.items() if f"defmodule {module} " in text]
        return self.target.where(named, f"defmodule {module} ")

    def config(self) -> Iterator[tuple[str, list[mixfile.Node]]]:
        """The statements of every config file that counts in production, with the file."""
        return iter(self._config)

    @cached_property
    def _config(self) -> list[tuple[str, list[mixfile.Node]]]:
        return list(config.production_files(self.target, self.dir))

    def at(self, file: str, offset: int) -> tuple[str, int]:
        """The place of an offset in a file."""
        return file, files.line_of(self.target.text(file) or "", offset)

    def code_has(self, word: str) -> tuple[str, int] | None:
        """The first place of a word in the app's own code, comments left out."""
        for file, text in self.sources.items():
            for number, line in enumerate(text.splitlines() if word in text else (), 1):
                if word in line.partition("#")[0]:
                    return file, number
        return None


# --- What the build cannot get ---------------------------------------------------------------------------


def private_packages(look: Look) -> Iterator[ProjectWarning]:
    """Packages of a Hex organization, of another Hex repository, or from git over ssh: fetching them needs a login."""
    found = elixir_app.logins(look.deps)
    for code, ones in (
        ("private-package", [one for one in found if not one.secret]),
        ("private-package-login", [one for one in found if one.secret]),
    ):
        if ones:
            names = ", ".join(f"{one.dep} ({one.source})" for one in ones)
            secrets = " and ".join(sorted({str(one.secret) for one in ones}))
            yield warning(code, look.target.where([ones[0].file], f":{ones[0].dep}"), names=names, secrets=secrets)


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


def packages_outside(look: Look) -> Iterator[ProjectWarning]:
    """A package of the assets that lies outside of what the image build gets."""
    folders = [look.dir, *(look.path(app.dir) for app in look.app.umbrella_apps)]
    for file in [files.join(folder, *below, "package.json") for folder in folders for below in ((), ("assets",))]:
        package = look.target.parsed(file, json.loads, "JSON")
        for key in ("dependencies", "devDependencies"):
            section = package.get(key)
            for name, place in section.items() if isinstance(section, dict) else ():
                path = str(place).removeprefix("file:") if str(place).startswith(("file:", "link:")) else None
                inside = files.resolved(files.folder_of(file), path.removeprefix("link:")) if path else look.dir
                if inside is None or not files.within(inside, look.dir):
                    at = look.target.where([file], f'"{name}"')
                    yield warning("path-outside", at, name=name, path=path)


def variables(look: Look) -> Iterator[ProjectWarning]:
    """Variables without which the build stops, or the app does not boot; `extra_secrets` has the latter by default."""
    database = look.app.database_variable if look.app.database_choice in ("sqlite", "external") else None
    at_build = look.app.variables_at_build
    at_run_time = [variable for variable in look.app.variables_at_run_time if variable.name != database]
    own_name = look.app.own_database_variable
    parts = [one for one in at_run_time if DATABASE_PART.fullmatch(one.name) or one.name == own_name]
    others = [variable for variable in at_run_time if variable not in parts]
    if not look.app.uses_database:
        # DATABASE_URL goes before them for PostgreSQL alone.
        parts, others = [], at_run_time
    codes = {"variable-at-build": at_build, "database-parts": parts, "variable-at-run-time": others}
    for code, found in codes.items():
        if found:
            yield warning(code, (found[0].file, found[0].line), names=", ".join(variable.name for variable in found))


def variables_on_condition(look: Look) -> Iterator[ProjectWarning]:
    """Variables that the configuration needs only where another one has a value that switches something on."""
    found: dict[tuple[str, ...], list[str]] = {}
    for variable in look.app.variables_on_condition:
        found.setdefault(variable.switches, []).append(variable.name)
    if found:
        first = look.app.variables_on_condition[0]
        said = "; ".join(f"{', '.join(names)} with {' and '.join(switches)}" for switches, names in found.items())
        yield warning("variable-on-condition", (first.file, first.line), names=said)


_REQUIRED_IN_CODE = expression(
    r"^[^#@\n]*\bSystem\.fetch_env!\(?\s*\"([A-Z]\w*)\""
    r"|(?<!\|\|\n)^[^#@|\n]*\bSystem\.get_env\(\"([A-Z]\w*)\"\)(?:\s*\|\|\s*raise\b| do\s+nil\s*->\s*raise\b)",
    re.MULTILINE,
)


def variables_in_code(look: Look) -> Iterator[ProjectWarning]:
    """Variables that the app's code requires where it runs, after the app has booted."""
    app = look.app
    told = (*app.variables_at_build, *app.variables_at_run_time, *app.variables_on_condition)
    known = config.SET_BY_US | {one.name for one in told} | look.project.existing_deployment.fly_toml.env.keys()
    known |= {*look.project.redis.variables, *look.project.bucket.variables}
    found: dict[str, tuple[str, int]] = {}
    for file, text in look.having("System."):
        for read in _REQUIRED_IN_CODE.finditer(text) if "fetch_env!" in text or "raise" in text else ():
            name = read[1] or read[2]
            if name not in known and not config.set_by_fly(name):
                found.setdefault(name, (file, files.line_of(text, read.start(read.lastindex or 0))))
    if found:
        yield warning("variable-in-code", next(iter(found.values())), names=", ".join(found))


def address_unread(look: Look) -> Iterator[ProjectWarning]:
    """The database is elsewhere, and nothing reads the variable that has its address."""
    name = look.app.database_variable
    repos = {repo.module for repo in look.app.repos}
    options = {key for one in config.read(look.target, look.dir) if one.module in repos for key in one.values}
    by_parts = "hostname" in options and "url" not in options
    texts = [look.target.text(file) or "" for file, _ in look.config()] + list(look.sources.values())
    if look.app.database_choice == "external" and by_parts and not any(f'"{name}"' in text for text in texts):
        places = [look.path("config", f"{file}.exs") for file in config.FILES]
        yield warning("address-unread", look.target.where(places, "Repo"), name=name)


def frozen_variables(look: Look) -> Iterator[ProjectWarning]:
    """Variables that are read while the configuration is compiled, where none is set, and that have no other value.

    What config/runtime.exs reads again is no such one.
    """
    found: dict[str, tuple[str, int]] = {}
    files_of_config = dict(look.config())
    read_again = {
        token.value
        for file, nodes in files_of_config.items()
        for token in mixfile.flat(nodes if at_run_time(file) else [])
        if token.kind == "string"
    }
    at_build = {one.name for one in look.app.variables_at_build}
    set_again = {
        (setting.app, setting.module, key)
        for file, nodes in files_of_config.items()
        for setting in (config.collect(nodes, {}) if at_run_time(file) else ())
        for key in setting.values
    }
    for file, nodes in files_of_config.items():
        if at_run_time(file):
            continue
        tokens = list(mixfile.flat(nodes))
        for at, name in environment.plain_reads(nodes):
            known = name.value in read_again | config.SET_BY_US | at_build
            if _of_repo(look, _setting_at(tokens, at)):
                continue
            if name.value == "SECRET_KEY_BASE":
                # The template gives it to the endpoint; another package may sign with it too.
                known = (setting := _setting_at(tokens, at)) is None or setting in set_again
            if not known:
                found.setdefault(str(name.value), look.at(file, name.start))
    if found:
        names = ", ".join(list(found)[:20]) + (f" and {len(found) - 20} more" if len(found) > 20 else "")
        yield warning("variable-frozen", next(iter(found.values())), names=names)


def _of_repo(look: Look, setting: tuple[str, str | None, str] | None) -> bool:
    """Whether a setting is a part of a repository's address, before which DATABASE_URL goes."""
    parts = ("url", "username", "password", "hostname", "port", "database")
    first = look.app.repos[0].module if look.app.repos and look.app.uses_database else None
    return bool(setting and first and setting[1] == first and setting[2] in parts)


def _setting_at(tokens: list[Token], at: int) -> tuple[str, str | None, str] | None:
    """The application, module and key that the value there is for; None where that is an endpoint, or nothing plain."""
    start = next((back for back in range(at, -1, -1) if tokens[back][:2] == ("ident", "config")), at)
    head = tokens[start + 1 : start + 4]
    module = str(head[2].value) if len(head) > 2 and head[2].kind == "alias" else None
    keys = [str(one.value) for one in tokens[start:at] if one.kind == "key"] or [str(one.value) for one in head[2:]]
    plain = start < at and bool(keys) and not (module or "").endswith("Endpoint")
    return (str(head[0].value), module, keys[-1]) if plain else None


_CALLS_LATER = [[("alias", "System"), ("atom", call)] for call in ("get_env", "fetch_env!")]
"""What a tuple begins with that Guardian and others call for the value: `{System, :get_env, ["NAME"]}`."""


def variables_in_tuples(look: Look) -> Iterator[ProjectWarning]:
    """Variables that a package reads when it needs them, as `{:system, "NAME"}` or `{System, :get_env, ["NAME"]}`."""
    found: dict[str, tuple[str, int]] = {}
    set_anyway = {*config.SET_BY_US, *look.project.variables_of_services}
    for file, nodes in look.config():
        for group in _tuples(nodes):
            parts = mixfile.elements(group.items)
            words = [part[0] for part in parts if len(part) == 1 and isinstance(part[0], Token)]
            kinds = [word.kind for word in words]
            name = None
            if (
                0 < len(words) == len(parts)
                and words[0][:2] == ("atom", "system")
                and kinds[1:] in (["string"], ["atom", "string"])
            ):
                name = str(words[-1].value)
            if len(parts) == 3 and [one[:2] for one in words] in _CALLS_LATER:
                given = [one for one in mixfile.flat(parts[2]) if one.kind == "string"]
                name = str(given[0].value) if len(given) == 1 else None
            if name and not re.fullmatch(r"[A-Za-z_]\w*", name):
                # It may be a secret, so it is not shown.
                yield warning("value-in-tuple", look.at(file, group.start))
            elif name and name not in set_anyway:
                found.setdefault(name, look.at(file, group.start))
    if found:
        yield warning("variable-in-tuple", next(iter(found.values())), names=", ".join(found))


def _tuples(nodes: list[mixfile.Node]) -> Iterator[mixfile.Group]:
    """Every tuple, save those in a list of several: there the next one counts where the first has nothing."""
    for node in nodes:
        if not isinstance(node, mixfile.Group):
            continue
        if node.kind == "{":
            yield node
        several = node.kind == "[" and any(mixfile.is_word(one, ",") for one in node.items)
        inner = node.items
        if several:
            inner = [
                one
                for part in mixfile.elements(inner)
                if part[0].__class__ is Token and part[0].kind == "key"
                for one in part
            ]
        yield from _tuples(inner)


def old_requirement(look: Look) -> Iterator[ProjectWarning]:
    """`elixir:` of the app, or of one of an umbrella, excludes every version for which an image is offered."""
    images = [image for image in platform.catalog("elixir")["images"].values() if not image.get("retired")]
    versions = [_numbers(str(image["elixir"])) for image in images]
    for file, mix in look.mixes.items():
        wanted = mix.string("elixir") or ""
        first = re.search(r"(\d+)\.(\d+)", wanted)
        # A newer one than there is has a warning of its own.
        if first and _numbers(first[0]) <= max(versions) and not any(_allows(wanted, one) for one in versions):
            yield warning("elixir-requirement", look.target.where([file], wanted), wanted=wanted, line=first[0])
            return


_LOCKED = expression(r"^\s*(?:%\{)?\s*\"?(\w+)\"?: \{:(?:hex, :\w+, \"([^\"]+)\"|git,)", re.MULTILINE)
_NOT_LOCKED = {"path", "in_umbrella", "targets"}
"""Options of a dependency that is no line in mix.lock, or only for some devices."""


def lock_behind(look: Look) -> Iterator[ProjectWarning]:
    """mix.exs asks for other packages than mix.lock has, where `mix deps.get --check-locked` stops."""
    lock = look.path("mix.lock")
    locked = dict(_LOCKED.findall(look.target.text(lock, LOCK_LIMIT) or ""))
    for file, dep in look.deps if locked else ():
        version = locked.get(dep.name)
        fits = version == "" or (version and _allows(dep.requirement or "", _numbers(version)))
        if not fits and not _NOT_LOCKED & dep.options.keys():
            place = look.target.where([file], f"{{:{dep.name},")
            named = {"manifest": "mix.exs", "names": dep.name, "lock": lock}
            yield warning("lock-behind", place, install="mix deps.get", **named)
            return


def _allows(requirement: str, version: tuple[int, ...]) -> bool:
    """Whether a requirement as Elixir's `Version` reads it allows a version; True where it is none."""
    return any(
        all(_meets(part.strip(), version) for part in re.split(r"\s+and\s+", one))
        for one in re.split(r"\s+or\s+", requirement)
    )


def _meets(part: str, version: tuple[int, ...]) -> bool:
    found = re.fullmatch(r"(~>|>=|<=|>|<|==|!=)?\s*(\d+(?:\.\d+)*)(?:-[\w.]+)?", part)
    if not found:
        return True
    wanted = _numbers(found[2])
    filled = (*wanted, 0, 0)[:3]
    if found[1] == "~>":
        return version >= filled and version[: len(wanted) - 1] == wanted[:-1]
    compare = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "!=": operator.ne}
    return bool(compare.get(found[1] or "==", operator.eq)(version, filled))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("-")[0]))


def secret_config(look: Look) -> Iterator[ProjectWarning]:
    """The configuration imports a file that is not in git, or that .dockerignore keeps out."""
    for file, nodes in look.config():
        for statement in _unguarded(nodes):
            name = mixfile.literal(mixfile.arguments(statement[1:]), "string")
            if not mixfile.is_word(statement[0], "import_config") or not name:
                continue
            imported = files.resolved(files.folder_of(file), str(name)) or ""
            if "*" in str(name):
                continue
            if _LEFT_OUT.match(files.relative(imported, look.dir)) or not look.target.is_file(imported):
                yield warning("config-not-there", look.at(file, statement[0].start), name=name)


def _unguarded(nodes: list[mixfile.Node]) -> Iterator[list[mixfile.Node]]:
    """The statements that always run: those of a block count, save where it asks for a file first."""
    for statement in mixfile.statements(nodes):
        block = statement[-1]
        if isinstance(block, mixfile.Group) and block.kind == "do":
            if not any(token.value in ("exists?", "regular?") for token in mixfile.flat(statement[:-1])):
                yield from _unguarded(block.items)
        else:
            yield statement


def functions_in_configuration(look: Look) -> Iterator[ProjectWarning]:
    """A setting that is compiled has a function as its value, which a release cannot keep."""
    for file, nodes in look.config():
        for statement in mixfile.statements(nodes) if not at_run_time(file) else ():
            values = mixfile.arguments(statement[1:]) if mixfile.is_word(statement[0], "config") else []
            start = _function(values)
            if start is not None:
                yield warning("function-in-config", look.at(file, start))
                return


def regexes_in_configuration(look: Look) -> Iterator[ProjectWarning]:
    """A setting that is compiled has a regex as its value, and the project names an OTP that cannot keep it."""
    image = platform.nearest_elixir(look.app.elixir_version, look.app.otp_version)
    otp = platform.catalog("elixir")["images"][image]["otp"]
    place = environment.regex_compiled(look.target, look.dir) if _numbers(str(otp)) >= (28,) else None
    if place:
        yield warning("regex-in-config", place)


def _function(nodes: list[mixfile.Node]) -> int | None:
    """The place of a function without a name that is a value among these nodes."""
    for one, other in pairwise(nodes):
        value = isinstance(one, Token) and (one.kind == "key" or mixfile.is_word(one, ","))
        if value and isinstance(other, mixfile.Group) and other.kind == "fn":
            return other.start
    # In parentheses it is given to another function, which runs it.
    inner = (
        _function(node.items) for node in nodes if isinstance(node, mixfile.Group) and node.kind in ("[", "{", "%{")
    )
    return next((start for start in inner if start is not None), None)


def reads_outside(look: Look) -> Iterator[ProjectWarning]:
    """mix.exs or the configuration reads a file that the image build does not get."""
    found = {file: mixfile.parse(look.target.text(file) or "").items for file in look.mixes}
    compiled = {file: nodes for file, nodes in look.config() if not at_run_time(file)}
    for file, nodes in (found | compiled).items():
        for name, start in _files_read(nodes):
            path = files.resolved(files.folder_of(file) if file in found else look.dir, name)
            outside = path is None or not files.within(path, look.dir)
            if outside or _LEFT_OUT.match(files.relative(str(path), look.dir)):
                yield warning("reads-outside", look.at(file, start), name=name)


def at_run_time(file: str) -> bool:
    """Whether a file of the configuration is read where the release runs."""
    return file.endswith(("/runtime.exs", "/releases.exs"))


def _files_read(nodes: list[mixfile.Node]) -> Iterator[tuple[str, int]]:
    """The paths that are read, as far as they are written and not computed, each with its place."""
    for call, arguments in config.calls(nodes):
        if call not in _READERS or not arguments or _computed(arguments[1:2]):
            continue
        words = [token for token in mixfile.flat(arguments[0]) if token.kind == "string"]
        if len(words) == 1 and words[0].value and not _computed(arguments[:1]):
            above = mixfile.literal(arguments[1], "string") if len(arguments) > 1 else None
            yield files.join(str(above or "."), str(words[0].value)), words[0].start


def _computed(arguments: list[list[mixfile.Node]]) -> bool:
    """Whether more is in a path than words and the file's own folder."""
    known = {"Path", "join", "expand", "__DIR__"}
    return any(
        token.value is None or (token.kind in ("alias", "ident") and token.value not in known)
        for argument in arguments
        for token in mixfile.flat(argument)
    )


_CALLS_GIT = expression(r"System\.(?:cmd|shell)\(\s*\"git\b")


def git_at_build(look: Look) -> Iterator[ProjectWarning]:
    """The version, or a constant of a module, comes from git, which has no repository in the image build."""
    for file in look.mixes:
        if found := re.search(r"^[^#\n]*System\.(?:cmd|shell)\(\s*\"git\b", look.target.text(file) or "", re.MULTILINE):
            yield warning("git-at-build", look.at(file, found.end()))
            return
    for file, nodes in look.config():
        for statement in mixfile.statements(nodes) if not at_run_time(file) else ():
            # Only what insists on its success stops there: `{revision, 0} = System.cmd("git", …)`.
            insists = isinstance(statement[0], mixfile.Group) and any(
                token[:2] == ("number", 0) for token in mixfile.flat(statement[0].items)
            )
            for call, arguments in config.calls(statement) if insists else ():
                command = mixfile.literal(arguments[0], "string") if arguments else None
                if call in ("System.cmd", "System.shell") and str(command).split(" ")[0] == "git":
                    yield warning("git-at-build", look.at(file, arguments[0][0].start))
                    return
    for file, text in look.sources.items():
        for found in _CALLS_GIT.finditer(text) if "System." in look.words(file) else ():
            # What stands before it is looked at afterwards: a pattern is found fastest by a word that it begins with.
            if re.match(r"[ \t]*@\w+[^#\n]*$", text[text.rfind("\n", 0, found.start()) + 1 : found.start()]):
                yield warning("git-at-build", (file, files.line_of(text, found.end())))
                return


_LOCKED_RUSTLER = expression(r'^name = "rustler"\nversion = "([\d.]+)"', re.MULTILINE)


def rust(look: Look) -> Iterator[ProjectWarning]:
    """A NIF wants a newer Rust than the image has."""
    native = platform.catalog("elixir")["native"]
    image = platform.catalog("elixir")["images"][platform.nearest_elixir(look.app.elixir_version, look.app.otp_version)]
    debian = next(name for name in native["rust_of_debian"] if name in image["builder"]["debian"])
    has = str(native["rust_of_debian"][debian])
    for folder in [look.dir, *(look.path(app.dir) for app in look.app.umbrella_apps)]:
        for name in look.target.names(files.join(folder, "native")):
            file = files.join(folder, "native", name, "Cargo.toml")
            crates = look.target.parsed(file, tomllib.loads, "TOML").get("dependencies", {})
            crate = crates.get("rustler") if isinstance(crates, dict) else None
            asked = str(crate.get("version") if isinstance(crate, dict) else crate)
            locks = (files.join(above, "Cargo.lock") for above in files.ancestors(files.folder_of(file)))
            locked = next(filter(None, (_LOCKED_RUSTLER.search(look.target.text(lock) or "") for lock in locks)), None)
            found = re.search(r"\d+\.\d+(?:\.\d+)?", locked[1] if locked else asked) if crate else None
            wants = next(
                (rust for at, rust in native["rust_of_rustler"].items() if found and _newer(found[0], at)), None
            )
            if found and wants and not _newer(has, wants):
                place = look.target.where([file], "rustler")
                yield warning("rust-too-old", place, version=found[0], wants=wants, has=has, debian=debian)
                return


def _newer(one: str, other: str) -> bool:
    """Whether a version is the other or a later one."""
    first, second = (tuple(int(part) for part in str(version).split(".")) for version in (one, other))
    return first >= second


# --- What the release lacks ------------------------------------------------------------------------------


def assets_without_alias(look: Look) -> Iterator[ProjectWarning]:
    """There are assets to build, and mix.exs has no alias `assets.deploy` that builds them."""
    built = [files.folder_of(file) for file, mix in look.mixes.items() if mix.has_alias("assets.deploy")]
    if look.dir in built:
        return
    folders = [look.dir, *(look.path(app.dir) for app in look.app.umbrella_apps if app.has_endpoint)]
    for folder in (folder for folder in folders if folder not in built):
        for file in (files.join(folder, "assets", "package.json"), files.join(folder, "package.json")):
            package = look.target.parsed(file, json.loads, "JSON")
            scripts = package.get("scripts")
            names = _build_scripts(scripts) if isinstance(scripts, dict) else []
            # Where some apps have an alias, a script at the top may well be for something else.
            if not names or (folder == look.dir and built and not _bundlers(package)):
                continue
            place = look.target.where([file], f'"{names[0]}"')
            if not file.endswith("assets/package.json"):
                yield warning("assets-elsewhere", place, what=f"the script {' and '.join(names)}")
                return
            if _is_apart(look, files.folder_of(file)):
                yield warning("assets-apart", (files.join(files.folder_of(file), "index.html"), None))
                return
            commands = ", ".join(f'"cmd --cd assets npm run {name}"' for name in names)
            mix = files.relative(files.join(folder, "mix.exs"), look.dir)
            yield warning("assets-by-script", place, scripts=" and ".join(names), commands=commands, mix=mix)
            return
    if built:
        return
    if _are_in_git(look, folders):
        return
    builders = [dep.name for _, dep in look.deps if dep.name in ("esbuild", "tailwind", "dart_sass", "bun", "vite")]
    if builders:
        yield warning(
            "assets-not-built", look.target.where(list(look.mixes), f":{builders[0]}"), names=" and ".join(builders)
        )
        return
    for file in [files.join(folder, *below, "package.json") for folder in folders for below in (("assets",), ())]:
        if found := _bundlers(look.target.parsed(file, json.loads, "JSON")):
            yield warning("assets-not-built", look.target.where([file], f'"{min(found)}"'), names=min(found))
            return


def _is_apart(look: Look, assets: str) -> bool:
    """Whether the assets are a web app of their own: a page of theirs, and no build that writes into priv/static."""
    names = [name for name in look.target.names(assets) if ".config." in name or name == "package.json"]
    texts = [look.target.source(files.join(assets, name)) for name in names]
    return look.target.is_file(files.join(assets, "index.html")) and not any("priv/static" in text for text in texts)


_IN_LAYOUT = expression(r"(?:static_path\([^\"]*\"|~p\"|(?:src|href)=\")/([\w./-]+\.(?:js|css))\"")
"""A script or stylesheet that a layout names, by its path in priv/static."""


def _are_in_git(look: Look, folders: list[str]) -> bool:
    """Whether the scripts and styles that the layouts of these apps name are there already, and in git."""
    ignored = files.ignored(look.target, look.dir)
    named: set[str] = set()
    for folder in folders:
        layouts = (file for file in look.target.sources(files.join(folder, "lib"), "eex") if "/layout" in file)
        for text in map(look.target.source, layouts):
            named |= {files.join(folder, "priv", "static", path) for path in _IN_LAYOUT.findall(text)}
    in_git = ((file, look.target.tracked(file)) for file in named)
    return bool(named) and all(
        look.target.is_file(file) and (not ignored.match_file(file) if tracked is None else tracked)
        for file, tracked in in_git
    )


_CALLS_NODE = expression(r"cmd\b.*\b(?:npm|npx|pnpm|yarn|bunx?|node)\b.*")


def assets_elsewhere(look: Look) -> Iterator[ProjectWarning]:
    """An alias of mix.exs runs a program of Node.js, which the image has only where assets/ has packages."""
    if look.app.assets != "mix":
        return
    for file, mix in look.mixes.items():
        for token in mixfile.flat(mix.block.items):
            if token.kind == "string" and _CALLS_NODE.fullmatch(str(token.value)):
                yield warning("assets-elsewhere", look.at(file, token.start), what=token.value)
                return


_PROFILED = {"esbuild": "esbuild", "tailwind": "tailwind", "sass": "dart_sass", "bun": "bun"}
"""Task that builds assets by a profile → the application whose configuration has the profiles."""


def assets_profile(look: Look) -> Iterator[ProjectWarning]:
    """The alias assets.deploy builds by a profile that the configuration does not have."""
    profiles: dict[str, set[str]] = {}
    for _, nodes in look.config():
        for setting in config.collect(nodes, {}):
            profiles.setdefault(setting.app, set()).update(setting.values or {"?"})
    unused = {look.path(app.dir, "mix.exs") for app in look.app.umbrella_apps if not app.has_assets}
    for file, mix in look.mixes.items():
        steps = mixfile.flat(mix.aliases().get("assets.deploy", []) if file not in unused else [])
        for step in (one for one in steps if one.kind == "string"):
            task, _, rest = str(step.value).partition(" ")
            known = profiles.get(_PROFILED.get(task, ""), {"?"})
            profile = next((word for word in rest.split() if word[0] != "-"), None)
            if profile and profile not in known and "?" not in known:
                yield warning("assets-profile", look.at(file, step.start), step=step.value, tool=task, profile=profile)


_BUNDLERS = {"webpack", "vite", "brunch", "rollup", "parcel", "esbuild", "gulp", "laravel-mix"}


def _bundlers(package: Mapping[str, Any]) -> set[str]:
    """What of the packages that a package.json names builds assets."""
    listed = [package.get(key) for key in ("dependencies", "devDependencies")]
    return {name for section in listed if isinstance(section, dict) for name in section} & _BUNDLERS


def _build_scripts(scripts: dict[str, Any]) -> list[str]:
    """The scripts that build for production: one of the usual names, else those that begin with it."""
    scripts = {name: command for name, command in scripts.items() if not re.match(r"mix\b", str(command).strip())}
    for word in ("deploy", "build", "compile"):
        if word in scripts:
            return [word]
    for word in ("deploy", "build", "compile", "webpack"):
        found = [name for name in scripts if re.fullmatch(rf"{word}[:-][\w:-]+", name)]
        found = [name for name in found if not re.search(r"watch|dev|test|serve|analy[sz]e|storybook", name)]
        if found:
            return found
    return []


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
        if dep.name in elixir_app.UNPACKAGED:
            place = look.target.where([file], f":{dep.name}")
            yield warning("program-unpackaged", place, name=dep.name, program=elixir_app.UNPACKAGED[dep.name])
        if dep.name in ("erlexec", "exexec") and "SHELL" not in look.project.existing_deployment.fly_toml.env:
            yield warning("shell-unset", look.target.where([file], f":{dep.name}"), name=dep.name)
        if dep.name == "wallaby":
            yield warning("driver-of-tests", look.target.where([file], ":wallaby"))
        if dep.name == "pythonx" and not any("uv_init" in (look.target.text(one) or "") for one, _ in look.config()):
            yield warning("python-at-run-time", look.target.where([file], ":pythonx"))


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


def reads_at_run_time(look: Look) -> Iterator[ProjectWarning]:
    """runtime.exs reads a file of the source, which no release has."""
    for file, nodes in look.config():
        for statement in _unguarded(nodes) if at_run_time(file) else ():
            here = [look.dir, files.folder_of(file)]
            found = {
                name: start
                for name, start in _files_read(statement)
                if any(look.target.is_file(files.resolved(folder, name) or "") for folder in here)
            }
            # A file that has to be there, such as one that git ignores, is nowhere else, wherever the path comes from.
            for call, arguments in config.calls(statement):
                must = call.startswith("Code.") or call.endswith("!")
                name = mixfile.literal(arguments[0], "string") if must and arguments else None
                if name and call in _READERS and not str(name).startswith("/"):
                    found.setdefault(str(name), arguments[0][0].start)
            for name, start in found.items():
                if not look.target.is_file(look.path("rel", "overlays", name)):
                    yield warning("runtime-reads-files", look.at(file, start), name=name)


_OF_A_MACHINE = expression(
    r"/(?!(?:proc|sys|dev|tmp|app|usr)/|etc/(?:hosts|hostname|machine-id|os-release|ssl/))[\w.-]+/[\w./-]+"
)
"""A path that the image of the template does not have."""


def reads_of_the_machine(look: Look) -> Iterator[ProjectWarning]:
    """runtime.exs must find a file at a place of the server that the app ran on, such as /etc/shop.exs."""
    for file, nodes in look.config():
        for statement in _unguarded(nodes) if at_run_time(file) else ():
            tokens = list(mixfile.flat(statement))
            calls = {f"{one.value}.{two.value}" for one, _, two in zip(tokens, tokens[1:], tokens[2:], strict=False)}
            if calls.isdisjoint(
                {"File.read!", "File.stream!", "Code.eval_file", "Code.require_file", "Config.Reader.read!"}
            ):
                continue
            for token in tokens:
                if token.kind == "string" and _OF_A_MACHINE.fullmatch(str(token.value)):
                    yield warning("runtime-reads-machine", look.at(file, token.start), name=token.value)
                    return


def distillery(look: Look) -> Iterator[ProjectWarning]:
    """Releases are made by Distillery, while the image makes them by Mix."""
    named = [file for file, dep in look.deps if dep.name == "distillery"]
    if named:
        yield warning("distillery", look.target.where(named, ":distillery"))


def assets_of_newer_yarn(look: Look) -> Iterator[ProjectWarning]:
    """The packages of the assets are locked by Yarn 2 or newer, while the image installs with Yarn 1."""
    folders = [look.dir, *(look.path(app.dir) for app in look.app.umbrella_apps)]
    for folder in folders if look.app.assets == "yarn" else ():
        lock, package = (files.join(folder, "assets", name) for name in ("yarn.lock", "package.json"))
        pinned = look.target.parsed(package, json.loads, "JSON").get("packageManager")
        if re.match(r"yarn@(?!1\.)", str(pinned)):
            yield warning("assets-newer-yarn", look.target.where([package], '"packageManager"'))
        elif "\n__metadata:" in (look.target.text(lock, LOCK_LIMIT) or ""):
            yield warning("assets-newer-yarn", look.target.where([lock], "__metadata:"))


_PLACEHOLDER = expression(r"(?<!#)\$\{([A-Z][A-Z0-9_]*)\}")


def placeholders_in_config(look: Look) -> Iterator[ProjectWarning]:
    """The configuration has `${NAME}` in a text, which Distillery replaced when the app started."""
    repos = (*look.app.repos, *look.app.further_repos)
    ours = {one.module for one in look.app.endpoints} | {one.module for one in repos}
    for file, nodes in look.config():
        names: dict[str, Token] = {}
        for statement in mixfile.statements(nodes):
            tokens = list(mixfile.flat(statement))
            # fly.exs sets the port, the host, the key and the address of these.
            if not ours.intersection(str(token.value) for token in tokens if token.kind == "alias"):
                texts = [token for token in tokens if token.kind == "string"]
                names |= {name: token for token in texts for name in _PLACEHOLDER.findall(str(token.value))}
        if names:
            first = min(token.start for token in names.values())
            yield warning("placeholder-in-config", look.at(file, first), names=", ".join(names))
            return


def asset_locks(look: Look) -> Iterator[ProjectWarning]:
    """The packages of the assets have lock files of several package managers."""
    folders = [look.dir, *(look.path(app.dir) for app in look.app.umbrella_apps if app.has_endpoint)]
    for folder in folders if look.app.assets not in ("mix", "none") else ():
        names = [name for name in look.target.names(files.join(folder, "assets")) if name in files.LOCKFILES]
        if len({files.LOCKFILES[name] for name in names}) > 1:
            place = files.join(folder, "assets", names[0]), None
            yield warning("asset-locks", place, names=" and ".join(names), manager=look.app.assets)


# --- What meets the check, the proxy and the cluster -----------------------------------------------------


def force_ssl(look: Look) -> Iterator[ProjectWarning]:
    """`force_ssl` or `Plug.SSL` without `rewrite_on`: behind Fly's proxy it redirects every request endlessly."""
    places: list[tuple[str, Token, list[Token]]] = []
    for file, nodes in look.config():
        for statement in mixfile.statements(nodes):
            tokens = list(mixfile.flat(statement))
            places += [(file, one, tokens) for at, one in enumerate(tokens) if _of_module(tokens, at, "force_ssl")]
    for file, token, tokens in places:
        values = [one.value for one in tokens[tokens.index(token) :]]
        if values[1:2] in (["false"], ["nil"]) or "rewrite_on" in values:
            continue
        yield warning("force-ssl", look.at(file, token.start), name="force_ssl")
    configured = any(token.value == "rewrite_on" for _, nodes in look.config() for token in mixfile.flat(nodes))
    for file, text in look.sources.items():
        if "Plug.SSL" not in look.words(file):
            continue
        for found in re.finditer(r"^[ \t]*plug[ (]+Plug\.SSL\b([^#\n]*(?:\n[^#\n]*)?)", text, re.MULTILINE):
            elsewhere = configured and re.match(r"\s*,\s*(?!\s|\w+:|\[)", found[1])
            if "rewrite_on" not in found[1] and not elsewhere:
                yield warning("force-ssl", (file, files.line_of(text, found.start())), name="Plug.SSL")


def _of_module(tokens: list[Token], at: int, key: str) -> bool:
    """Whether the token there is a key that is set for a module: beside none it is the app's own."""
    start = next((back for back in range(at, -1, -1) if tokens[back].value == "config"), at)
    return tokens[at][:2] == ("key", key) and any(token.kind == "alias" for token in tokens[start : start + 4])


def node_names(look: Look) -> Iterator[ProjectWarning]:
    """libcluster's configuration has a name for the nodes, and no rel/env.sh.eex of the app's own gives them names."""
    named = "RELEASE_NODE" in release.variables(release.own_env_sh(look.target, look.dir))
    if named or not any(dep.name == "libcluster" for _, dep in look.deps):
        return
    for file, nodes in look.config():
        for token in mixfile.flat(nodes):
            if token[:2] == ("key", "node_basename"):
                yield warning("node-names", look.at(file, token.start), file=look.path("rel", "env.sh.eex"))
                return


_FINDS_ELSEWHERE = expression(r"\bCluster\.Strategy\.((?:Gossip|Kubernetes|Rancher)(?:\.[A-Z]\w*)*)")
_FINDS_BY_NAMES = expression(r"\bCluster\.Strategy\.(Epmd)\b[^#]{0,200}?\bhosts:\s*\[\s*:\"[^\"]+@")
"""Names of nodes that are written out; those that a variable has are the owner's."""


def found_elsewhere(look: Look) -> Iterator[ProjectWarning]:
    """libcluster finds nodes by what Fly's network does not have: multicast, another platform, names that stay."""
    if not any(dep.name == "libcluster" for _, dep in look.deps):
        return
    for file, nodes in look.config():
        for token in mixfile.flat(nodes):
            if token.kind != "alias":
                continue
            named = _FINDS_BY_NAMES.match(look.target.text(file) or "", token.start)
            if found := named or _FINDS_ELSEWHERE.fullmatch(str(token.value)):
                yield warning("nodes-found-elsewhere", look.at(file, token.start), name=found[1])
                return
    for file, text in look.having("Cluster.Strategy."):
        if found := _FINDS_ELSEWHERE.search(text) or _FINDS_BY_NAMES.search(text):
            yield warning("nodes-found-elsewhere", (file, files.line_of(text, found.start())), name=found[1])
            return


def own_env_sh(look: Look) -> Iterator[ProjectWarning]:
    """rel/env.sh.eex of the app's own sets variables."""
    names = release.variables(release.own_env_sh(look.target, look.dir))
    if names:
        place = look.path("rel", "env.sh.eex"), min(names.values())
        yield warning("own-env-sh", place, names=", ".join(names))


def own_migrations(look: Look) -> Iterator[ProjectWarning]:
    """A module of the app that migrates: called where it has the name that phx.gen.release gives it."""
    found = look.migrating
    called = next((one for one in found if one.module in _called(look)), None)
    if called and set(called.functions) - _GENERATED and not all(map(_OF_A_MIGRATION.fullmatch, called.body)):
        yield warning("own-release", called.place, module=called.module)
    elsewhere = next((one for one in found if one.module not in _called(look)), None)
    if elsewhere and not called and look.app.app_module:
        yield warning("release-elsewhere", elsewhere.place, module=elsewhere.module, name=look.app.app_module)


class _Migrating(NamedTuple):
    """A module with a function `migrate`, its public functions, and of that one the place and the lines inside."""

    module: str
    functions: list[str]
    place: tuple[str, int]
    body: list[str]


_OF_A_MIGRATION = expression(
    r"load_app\(\)|stop\(\)|(?:Logger|IO)\.\w+\(\"[^\"#]*\"\)|for repo <- repos\(\) do|end|:ok|#.*|"
    r"(?:\{:ok, _\w*, _\w*\} = )?Ecto\.Migrator\.with_repo\(repo, &Ecto\.Migrator\.run\(&1, :up, all: true\)\)"
)
"""A line of a function `migrate` that migrates each repository and does nothing else."""


def _called(look: Look) -> set[str]:
    return {f"{module}.Release" for module in (look.app.app_module, look.app.web_module)}


def _migrating(look: Look) -> Iterator[_Migrating]:
    for file, text in ((file, text) for file, text in look.sources.items() if "migrate" in text):
        module = re.match(r"(?:\s*#.*\n)*\s*defmodule[ \t]+([A-Z][\w.]*)", text)
        start = re.search(
            r"^[ \t]*def[ \t]+migrate\b(?:\((?:[ \t]*\w+[ \t]*\\\\[^()]*)?\))?(?=[ \t]*(?:do|,))", text, re.MULTILINE
        )
        if module and start and release.OURS not in look.target.source(file) and "use Mix.Task" not in text:
            functions = re.findall(r"^[ \t]*def[ \t]+(\w+[?!]?)", text, re.MULTILINE)
            if module[1] in _called(look) or "Ecto.Migrator" in text:
                inside = re.match(r"[^\n]*do\n(.*?)^ {0,4}end\b", text[start.end() :], re.MULTILINE | re.DOTALL)
                body = [line.strip() for line in inside[1].splitlines() if line.strip()] if inside else ["unknown"]
                yield _Migrating(module[1], functions, (file, files.line_of(text, start.start())), body)


def tenant_migrations(look: Look) -> Iterator[ProjectWarning]:
    """Migrations of tenants have a folder of their own, and no function that the release command calls runs them."""
    own = [one for one in look.migrating if one.module in _called(look)]
    plain = [one for one in own if all(map(_OF_A_MIGRATION.fullmatch, one.body))]
    if any("tenant" in look.sources[one.place[0]] for one in own if one not in plain):
        return
    for app_dir in {"", *(app.dir for app in look.app.umbrella_apps)}:
        for repo, is_folder in look.target.names(look.path(app_dir, "priv")).items():
            folder = look.path(app_dir, "priv", repo, "tenant_migrations")
            if is_folder and look.target.is_dir(folder):
                yield warning("tenant-migrations", (folder, None), name=look.app.app_module or "your main module")


def event_store(look: Look) -> Iterator[ProjectWarning]:
    """EventStore keeps its events in tables that Ecto's migrations do not make."""
    named = [(file, dep) for file, dep in look.deps if dep.name in ("eventstore", "commanded_eventstore_adapter")]
    own = [look.sources[one.place[0]] for one in look.migrating if one.module in _called(look)]
    if named and not any("EventStore" in text for text in own):
        place = look.target.where([named[0][0]], f":{named[0][1].name}")
        yield warning("event-store", place, package=named[0][1].name, name=look.app.app_module or "your main module")


def no_endpoint(look: Look) -> Iterator[ProjectWarning]:
    """No module uses Phoenix.Endpoint by its own name."""
    if not look.app.endpoints:
        place = next((at for word in (".Phoenix.Endpoint", "Phoenix.Endpoint") if (at := look.code_has(word))), None)
        yield warning("no-endpoint", place or look.target.where(list(look.mixes), ":phoenix"))


def health_plug_elsewhere(look: Look) -> Iterator[ProjectWarning]:
    """The app has a module of the name that the template's health plug has."""
    name = f"{look.app.web_module}.HealthPlug"
    for file, text in look.having("HealthPlug"):
        found = re.search(rf"^[ \t]*defmodule[ \t]+{re.escape(name)}[ \t]+do", text, re.MULTILINE)
        if look.app.web_module and found and "Answers `/livez` and `/readyz`" not in look.target.source(file):
            ours = file.endswith(f"/{naming.underscore(look.app.web_module)}/health_plug.ex")
            code = "health-plug-replaced" if ours else "health-plug-name"
            yield warning(code, (file, files.line_of(text, found.start())), name=name)


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


_PROGRAM = expression(
    r"(?:System\.(?:cmd|find_executable)|MuonTrap\.cmd|Rambo\.run|Porcelain\.(?:exec|spawn))\(\s*\"([\w.+-]+)\""
    r"|(?:System\.shell\(|:os\.cmd\(|Port\.open\(\{:spawn,)\s*(?:~c)?[\"']([\w.+-]+)[ \"']"
    r"|(?:ExCmd|Exile)\.\w+!?\(\s*(?:~w.|\[\s*\")([\w.+-]+)|\{:(convert)(?=,)"
)
_OF_THE_SYSTEM = frozenset(
    """
    sh bash cat ls cp mv rm mkdir rmdir chmod chown ln touch head tail sort uniq wc cut tr echo printf date df du env id
    uname hostname sleep test true false stat tar gzip gunzip find grep sed awk xargs diff mktemp dd tee kill whoami
    nproc readlink realpath basename dirname md5sum sha1sum sha256sum base64 getent mount umount which mix open xdg-open
    cmd cmd.exe timeout epmd erl escript heart
    """.split()  # noqa: SIM905
)
"""Programs that every Debian has, those of Erlang, which a release has on its PATH, and some that are called on a
developer's machine alone."""
_WRITES = expression(
    r"\bFile\.(?:write|mkdir|mkdir_p|cp|cp_r|copy|touch|rename)!?\b|\bFile\.open!?\b.*:(?:write|append)"
)
_WRITES_HERE = expression(r"\bFile\.(?:write|mkdir|mkdir_p|touch)!?\(\s*\"(?![/#~])[^\"\n]+\"")
_AT_HOME = expression(r"\bPath\.expand\(\s*\"(~/[^\"#\n]+)")
_KEEPS = expression(r"upload|storage|(^|[_.])store|file_?(store|cache|storage)|files|media|attachments|data_(dir|path)")
"""Settings of files that the app keeps, by their module and key."""
_KEPT_IN = expression(r"(^|[_.])(dir|directory|path|root|folder|uploads)(_prefix)?$")
_OTHERWISE_IN = expression(r"\bSystem\.get_env\(\s*\"([A-Z][A-Z0-9_]*)\"\s*(?:,\s*|\)\s*\|\|\s*)\"([/.][^\"\n]*)\"")
"""A variable that is read where the release runs, and the folder that it stands for where it is not set."""
_STORE = expression(r"(?m)^[^#\n]*?(:mnesia\.create_schema|:dets\.open_file|\bCubDB\.start_link|\{CubDB,)")
"""Databases that are files of the app."""
_FOLDER = expression(r"/(?!tmp\b|dev\b|etc\b)\w+/|(\.{1,2}/)?(priv|uploads|storage|data|media|files)\b(?!\.)")
_OWN_FOLDER = expression(r"\bpriv_dir\(|\bapp_dir\(|\"(?:\./)?(?:priv|uploads)(?:/|\")")
_OWN_HELPER = expression(
    r"^[ \t]*defp? (\w+)(?:\(\))?(?:,\s*do:|[ \t]+do)\s+(?:Application\.app|:code\.priv)_dir\([^()\n]*\)[ \t]*$",
    re.MULTILINE,
)
"""A function that is the app's own folder, or one below it."""
_COPIES = expression(r"\bFile\.(?:cp|cp_r|copy)!?\(\s*((?:[^(),]|\([^()]*\))*),(.*)")
_FOLDERS = ("priv_dir(", "app_dir(", "priv/", "uploads/", 'priv"', 'uploads"')
_LISTENS = expression(
    r":ranch\.(?:child_spec|start_listener)\b|\bThousandIsland\.(?:start_link|child_spec)\b|\{ThousandIsland,"
    r"|\bGRPC\.Server\.Supervisor\b|:(?:gen_tcp|ssl)\.listen\((?!\s*0\b)"
    r"|\{\s*[A-Z][\w.]*(?:Telnet|T[Cc][Pp])\w*\.?Listener\s*,|:ssh\.daemon\(|:gen_smtp_server\.start"
)


_LISTENING = (
    *(":ranch", "ThousandIsland", "GRPC.Server", ":gen_tcp", ":ssl.listen", "Listener", ":ssh.daemon"),
    ":gen_smtp_server",
)
"""Words of which a file has one where the pattern above fits."""


_STARTS_PROGRAMS = (
    *("System.", "MuonTrap", "Rambo", "Porcelain", ":os.cmd", "Port.open", "ExCmd", "Exile", "Arc.Definition"),
    "Waffle.Definition",
)


def programs_called(look: Look) -> Iterator[ProjectWarning]:
    """The app's own code runs a program that is in the image only where `apt_packages` names it."""
    brought = {name for _, dep in look.deps for name in elixir_app.PROGRAMS.get(dep.name, ("", ()))[1]}
    found: dict[str, tuple[str, int]] = {}
    configured = ((file, look.target.text(file) or "") for file, _ in look.config())
    for file, text in (*look.having(*_STARTS_PROGRAMS), *configured):
        for call in _PROGRAM.finditer(text):
            before = text[text.rfind("\n", 0, call.start()) + 1 : call.start()]
            name = next(filter(None, call.groups()))
            if call[4]:
                name = "imagemagick" if {"imagemagick"} & brought or ".Definition" not in text else "convert"
            # What an attribute asks git for is told by another rule: it runs in the build.
            told = name == "git" and re.match(r"[ \t]*@\w+[ \t(]", before)
            if "#" not in before and not told and name not in _OF_THE_SYSTEM | brought | {"imagemagick"}:
                found.setdefault(name, (file, files.line_of(text, call.start(call.lastindex or 0))))
    if found:
        yield warning("program-called", next(iter(found.values())), names=", ".join(found))


def writes_files(look: Look) -> Iterator[ProjectWarning]:
    """The app keeps files where it cannot write in the image, or where they are lost with every deploy."""
    settings = [
        setting
        for name in config.FILES
        for file, nodes in look.config()
        if file.endswith(f"/{name}.exs")
        for setting in config.collect(environment.always(nodes), {})
    ]
    storage = next(
        (one.values["storage"] for one in settings if one.app in ("waffle", "arc") and "storage" in one.values), None
    )
    if str(storage).endswith(".Storage.Local"):
        places = [look.path("config", f"{file}.exs") for file in config.FILES]
        yield warning("writes-files", look.target.where(places, str(storage)), what=storage)
        return
    mounted = look.project.existing_deployment.fly_toml.mounted_at
    for file, text in look.having(":mnesia", ":dets.", "CubDB") if not mounted else ():
        if store := _STORE.search(text):
            yield warning("writes-files", (file, files.line_of(text, store.start(1))), what=store[1])
            return
    for file, text in look.having("File.") if not mounted else ():
        kept_at_home = _AT_HOME.finditer(text) if '"~/' in text and _WRITES.search(text) else ()
        for here in (*_WRITES_HERE.finditer(text), *kept_at_home):
            if machine.runs_in_function(text, here.start()):
                what = here[1] if here.re is _AT_HOME else f"{here[0]})"
                yield warning("writes-files", (file, files.line_of(text, here.start())), what=what)
                return
    for file, text in look.having("File."):
        if not any(word in text for word in _FOLDERS) or not _OWN_FOLDER.search(text):
            continue
        for helper in _OWN_HELPER.findall(text):
            target = re.compile(rf"\bFile\.(?:write|mkdir|mkdir_p|touch)!?\(\s*(?:Path\.join\(\s*\[?\s*)?{helper}\(\)")
            made = target.search(text)
            if made and machine.runs_in_function(text, made.start()):
                yield warning("writes-files", (file, files.line_of(text, made.start())), what=f"{helper}()")
                return
        lines = [line.partition("#")[0] for line in text.splitlines()]
        for number, line in enumerate(lines):
            found = _WRITES.search(line) if "File." in line else None
            if not found:
                continue
            before = lines[max(number - 10, 0) : number + 1]
            start = max((at for at, one in enumerate(before) if re.match(r"\s*defp? ", one)), default=0)
            own = [one for one in before[start:] if _OWN_FOLDER.search(one)]
            if own and not all(_copied_from(one, line) for one in own):
                yield warning("writes-files", (file, number + 1), what=found[0].partition(" ")[0].partition("(")[0])
                return
    seen: set[tuple[str, str | None, str]] = set()
    for setting in settings:
        for key, value in setting.values.items():
            one = (setting.app, setting.module, key)
            if one in seen or not isinstance(value, str):
                continue
            seen.add(one)
            name = f"{naming.underscore(setting.module or '')}.{key}"
            if _keeps_in(name, value, mounted):
                places = [look.path("config", f"{file}.exs") for file in config.FILES]
                yield warning("writes-files", look.target.where(places, f'"{value}"'), what=value)
                return
    for file in (file for file, _ in look.config() if at_run_time(file)):
        code = re.sub(r"^[ \t]*#.*$", "", look.target.text(file) or "", flags=re.MULTILINE)
        for read in _OTHERWISE_IN.finditer(code):
            if _keeps_in(read[1].lower(), read[2], mounted):
                what = f"{read[2]}, unless {read[1]} is set"
                yield warning("writes-files", (file, files.line_of(code, read.start())), what=what)
                return


def _copied_from(own: str, line: str) -> bool:
    """Whether a line copies what is in the app's own folder to elsewhere; `own` is the line that has that folder."""
    copies = _COPIES.search(line)
    named = re.match(r"\s*(\w+)\s*=[^=>~]", own)
    folder = re.compile(rf"\b{named[1]}\b") if named else _OWN_FOLDER
    return bool(copies and folder.search(copies[1]) and not folder.search(copies[2]))


def _keeps_in(name: str, value: str, mounted: str | None) -> bool:
    """Whether a setting of this name has a folder of the image in which the app keeps files."""
    kept = _KEEPS.search(name) and _KEPT_IN.search(name) and _FOLDER.match(value)
    return bool(kept) and not (mounted and value.startswith(mounted))


def listens_somewhere(look: Look) -> Iterator[ProjectWarning]:
    """The app listens for TCP connections, and no configuration has the port as a number."""
    if look.app.tcp_ports:
        return
    for file, text in look.having(*_LISTENING):
        for number, line in enumerate(text.splitlines() if _LISTENS.search(text) else (), 1):
            code = line.partition("#")[0]
            if _LISTENS.search(code) and (low := _low_ports(look)):
                places = [look.path("config", f"{name}.exs") for name in config.FILES]
                numbers = " and ".join(str(one.port) for one in low)
                yield warning("port-of-root", look.target.where(places, str(low[0].port)), numbers=numbers)
                return
            if _LISTENS.search(code):
                yield warning("tcp-port-unknown", (file, number))
                return


def _low_ports(look: Look) -> list[TcpPort]:
    """The ports below 1024 that the app's own configuration has for what listens."""
    own = [app.name for app in look.app.umbrella_apps] or [str(look.app.name)]
    endpoints = {endpoint.module for endpoint in look.app.endpoints}
    return config.tcp_ports(config.read(look.target, look.dir), own, endpoints, config.privileged)


def repo_connected_by_code(look: Look) -> Iterator[ProjectWarning]:
    """A function of the app gives a repository its connection, after everything that is configured."""
    for file, nodes in look.config():
        tokens = list(mixfile.flat(nodes))
        for token, following in pairwise(tokens):
            if token[:2] == ("key", "configure") and following.kind == "alias":
                yield warning("repo-by-code", look.at(file, token.start), name=following.value)
                return
    for file, text in look.having("Ecto.Repo", "AshPostgres.Repo"):
        other_kind = re.search(r"\bEcto\.Adapters\.(?!Postgres\b)\w", text)
        if other_kind or not re.search(r"\buse[ \t(]+(?:Ecto|AshPostgres)\.Repo\b", text):
            continue
        start = re.search(r"^([ \t]*)def[ \t]+init\(.*?^\1end\b", text, re.MULTILINE | re.DOTALL)
        read = re.findall(r"\b(?:get_env|fetch_env!?)\(?\s*\"(\w+)\"", start[0]) if start else []
        others = [name for name in read if name not in config.SET_BY_US]
        if start and others and look.app.uses_database:
            place = file, files.line_of(text, start.start())
            yield warning("repo-by-code", place, name=f"init/2, which reads {', '.join(others)},")
            return


def repos_of_another_kind(look: Look) -> Iterator[ProjectWarning]:
    """A repository on another kind of database than the app's, or one that the release command does not know."""
    main = look.app.db_adapter or "postgres"
    others = [*look.app.repos, *look.app.further_repos]
    for repo in others:
        kind = elixir_app.KINDS.get(repo.adapter or "", main)
        if kind != main and kind in {elixir_app.ADAPTERS.get(name) for name in look.app.deps}:
            place = look.repo_place(repo.module)
            yield warning("repo-of-another-kind", place, repo=repo.module, kind=_SPELT[kind], main=_SPELT[main])
    configured = {
        setting.module
        for setting in config.read(look.target, look.dir)
        if setting.values.keys() & {"socket_options", "hostname"}
    }
    for repo in look.app.further_repos:
        alike = elixir_app.KINDS.get(repo.adapter or "", main) == main
        if look.app.uses_database and alike and repo.module not in configured and look.names(repo.module):
            yield warning("repo-not-migrated", look.repo_place(repo.module), repo=repo.module)


_SPELT = {
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "sqlite": "SQLite",
    "mssql": "SQL Server",
    "clickhouse": "ClickHouse",
}


def host_in_configuration(look: Look) -> Iterator[ProjectWarning]:
    """The configuration has the app's own host name, and PHX_HOST goes before it."""
    if not look.app.web_module or look.project.existing_deployment.fly_toml.env.get("PHX_HOST"):
        return
    for setting in config.read(look.target, look.dir):
        url = setting.values.get("url") if setting.module == f"{look.app.web_module}.Endpoint" else None
        if not isinstance(url, dict) or "host" not in url:
            continue
        host = url["host"]
        if (
            isinstance(host, str)
            and re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", host)
            and not re.search(r"example|sample", host)
        ):
            places = [look.path("config", f"{file}.exs") for file in config.FILES]
            yield warning("host-in-configuration", look.target.where(places, f'"{host}"'), host=host)
        return


RULES: tuple[Callable[[Look], Iterable[ProjectWarning]], ...] = (
    private_packages,
    path_outside,
    packages_outside,
    secret_config,
    functions_in_configuration,
    regexes_in_configuration,
    reads_outside,
    git_at_build,
    rust,
    variables,
    variables_on_condition,
    variables_in_code,
    address_unread,
    frozen_variables,
    variables_in_tuples,
    old_requirement,
    lock_behind,
    assets_without_alias,
    assets_elsewhere,
    assets_profile,
    node_at_run_time,
    programs_at_run_time,
    programs_called,
    writes_files,
    writes_its_own_folder,
    reads_at_run_time,
    reads_of_the_machine,
    distillery,
    asset_locks,
    assets_of_newer_yarn,
    placeholders_in_config,
    force_ssl,
    node_names,
    found_elsewhere,
    own_env_sh,
    own_migrations,
    tenant_migrations,
    event_store,
    no_endpoint,
    health_plug_elsewhere,
    tcp_beside_http,
    listens_somewhere,
    machine.servers_of_grpc,
    machine.http_by_code,
    machine.endpoint_on_port,
    machine.endpoint_by_code,
    machine.own_certificates,
    machine.own_https,
    machine.talks_by_udp,
    machine.loads_models,
    machine.files_of_the_machine,
    paths.code_reads_files,
    paths.files_in_config,
    machine.logs_in_files,
    machine.ecto_too_old,
    machine.packages_too_old,
    machine.calls_without_parentheses,
    machine.joined_variables,
    machine.settings_by_function,
    machine.aliases_of_build,
    machine.strict_compiler,
    machine.replication,
    machine.own_base_image,
    machine.builds_elsewhere,
    machine.own_start,
    machine.own_release_files,
    machine.own_image_env,
    machine.assets_of_old_node,
    machine.assets_lock_behind,
    machine.hardware,
    machine.distillery_settings,
    machine.release_command,
    machine.names_of_vm_args,
    machine.origins_of_sockets,
    machine.mails_unsent,
    machine.client_of_mails,
    compiled.applications_listed,
    compiled.files_git_ignores,
    compiled.mix_at_run_time,
    compiled.graphical_applications,
    compiled.variables_in_attributes,
    compiled.settings_compiled,
    repo_connected_by_code,
    repos_of_another_kind,
    host_in_configuration,
)


def rules(target: Target, project: Project) -> list[partial[Iterable[ProjectWarning]]]:
    """Every rule for an Elixir app, ready to be called; none where there is none."""
    if not (project.stack in ("phoenix", "umbrella") and project.app_dir is not None):
        return []
    look = Look(target, project)
    return [partial(rule, look) for rule in RULES]
