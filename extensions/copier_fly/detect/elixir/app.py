"""What an Elixir project says about itself: a Phoenix app, or an umbrella with its children."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .. import files
from . import config, mixfile

NATIVE_DEPS = frozenset(
    """
    argon2_elixir bcrypt_elixir brotli cmark crc32cer duckdbex eleveldb enacl erlexec esqlite ex_secp256k1
    exla expty exqlite ezstd fast_html fast_tls fast_xml fast_yaml jiffy libsecp256k1 lz4 picosat_elixir re2
    rocksdb rustler snappyer stringprep xxhash
    """.split()  # noqa: SIM905
)
"""Packages that compile C or Rust code while dependencies are built."""
ADAPTERS = {"postgrex": "postgres", "ecto_sqlite3": "sqlite", "myxql": "mysql", "tds": "mssql"}
"""Database driver → the database it is for."""
LISTENS = re.compile(rb":gen_tcp\.listen|:ssl\.listen|:ranch\b|\bThousandIsland\b")
DEV_NAME = re.compile(r"(^|_)(dev|test|devtools|dev_tools|dev_support|test_support)$")


def project(target: Any, folder: str) -> Any:
    """The `mixfile.MixProject` of a folder, or None; what could not be understood becomes a note."""
    relative = files.join(folder, "mix.exs")
    text = target.text(relative)
    if text is None:
        return None
    try:
        return mixfile.MixProject(text)
    except mixfile.UnparsableError as error:
        target.notes.append((folder, f"{relative} could not be understood ({error})."))
        return None


def umbrella_folder(mix: Any) -> str | None:
    """The folder of an umbrella's children, relative to its root; None when the project is no umbrella."""
    value = mix.string("apps_path") if mix else None
    return files.join(*value.split("/")) if value and not value.startswith(("/", "..")) else None


def umbrella_name(mix: Any) -> str | None:
    """The name of an umbrella, which has no `app:`, from its module: Shop.Umbrella.MixProject → shop."""
    words = [word for word in mix.module.split(".") if word not in ("MixProject", "Mixfile", "Umbrella")]
    return mixfile.snake(words[-1].removesuffix("Umbrella")) or None if words else None


def is_phoenix(target: Any, folder: str, mix: Any) -> bool:
    """Whether a project is an app with an endpoint, not a library that knows Phoenix."""
    if mix.callback() and any(dep.name == "phoenix" for dep in mix.deps()):
        return True
    return bool(Sources(target, folder).endpoints)


class Found(NamedTuple):
    """A module that uses a framework module: its file, its name, and `otp_app` and `read_only` as written."""

    file: str
    module: str
    otp_app: str | None
    read_only: bool


class Sources:
    """The modules of an Elixir project below `lib/` (and `web/`, as Phoenix 1.2 had it).

    `endpoints` and `repos` are `Found`; `files` is module → file; `listens` whether any opens a TCP listener.
    """

    def __init__(self, target: Any, folder: str):
        self.endpoints: list[Found] = []
        self.repos: list[Found] = []
        self.files: dict[str, str] = {}
        self.listens = False
        for top in ("lib", "web"):
            for relative in target.sources(files.join(folder, top), ".ex"):
                self._look(relative, target.peek(relative))

    def _look(self, relative: str, data: bytes) -> None:
        self.listens = self.listens or bool(LISTENS.search(data))
        for name in re.findall(rb"^[ \t]*defmodule[ \t]+([A-Z][\w.]*)", data, re.MULTILINE):
            self.files.setdefault(name.decode(errors="replace"), relative)
        if not re.search(rb"\buse[ \t(]+(Phoenix\.Endpoint|Ecto\.Repo)\b", data):
            return
        try:
            modules = list(mixfile.modules(mixfile.parse(data.decode("utf-8-sig"))))
        except (UnicodeDecodeError, mixfile.UnparsableError):
            return
        for module, block in modules:
            for name, into in (("Phoenix.Endpoint", self.endpoints), ("Ecto.Repo", self.repos)):
                for use in mixfile.uses(block, name):
                    options = mixfile.pairs(mixfile.arguments(use[1:]))
                    read_only = mixfile.literal(options.get("read_only"), "ident") == "true"
                    into.append(Found(relative, module, mixfile.literal(options.get("otp_app"), "atom"), read_only))


class Child(NamedTuple):
    """One Mix project: the app itself, or a child of an umbrella."""

    name: str
    dir: str
    mix: Any
    sources: Sources
    deps: list[Any]


def _children(target: Any, app: Any) -> list[Child]:
    folder = umbrella_folder(app.mix)
    if folder is None:
        sources = Sources(target, app.dir)
        name = app.name or next((one.otp_app for one in sources.endpoints if one.otp_app), None)
        return [Child(name, app.dir, app.mix, sources, app.mix.deps())] if name else []
    only = app.mix.atoms("apps")
    found = []
    for entry, is_folder in target.names(files.join(app.dir, folder)).items():
        where = files.join(app.dir, folder, entry)
        mix = project(target, where) if is_folder else None
        name = mix.atom("app") if mix else None
        if name and (only is None or name in only):
            found.append(Child(name, where, mix, Sources(target, where), mix.deps()))
    return found


def _repos(child: Child, named: list[str]) -> list[dict[str, str]]:
    """The repositories to migrate: those that `ecto_repos` names, else every one that can write."""
    repos = [repo for repo in child.sources.repos if (repo.module in named if named else not repo.read_only)]
    repos.sort(key=lambda repo: (named.index(repo.module) if named else 0, repo.module))
    return [{"app": repo.otp_app or child.name, "module": repo.module} for repo in repos]


def _module(child: Child) -> str | None:
    """The name that an app's modules begin with, as its code spells it."""
    plain = child.name.replace("_", "")
    callback = child.mix.callback()
    known = [one.module for one in child.sources.repos + child.sources.endpoints]
    for name in [callback, *known, *child.sources.files]:
        words = (name or "").split(".")
        # Case is not to be had from the app's name: :greening_iot may well be GreeningIoT.
        for count in range(1, len(words) + 1):
            if "".join(words[:count]).lower() == plain:
                return ".".join(words[:count])
    if callback and callback.endswith(".Application"):
        return str(callback.removesuffix(".Application"))
    spaces = {name.partition(".")[0] for name in child.sources.files}
    return spaces.pop() if len(spaces) == 1 else None


def _lib(child: Child) -> str:
    """The folder of an app's own modules: that of its application module, else what the generator makes."""
    top = files.join(child.dir, "lib")
    file = child.sources.files.get(child.mix.callback() or "")
    if file and files.folder_of(file) != top and files.within(file, top):
        return str(files.folder_of(file))
    return str(files.join(top, child.name))


def _build_only(dep: Any) -> bool:
    only = {node.value for node in mixfile.flat(dep.options.get("only") or [])}
    runtime = mixfile.literal(dep.options.get("runtime"), "ident")
    return bool(only and "prod" not in only) or runtime == "false"


def _dev_only(child: Child, every: list[Child], repos: list[Any]) -> bool:
    if DEV_NAME.search(child.name):
        return True
    uses = [dep for other in every for dep in other.deps if dep.name == child.name]
    if uses:
        return all(_build_only(dep) for dep in uses)
    # Nothing needs it, it starts nothing, serves nothing and keeps nothing: no release misses it.
    return len(every) > 1 and not (child.mix.callback() or child.sources.endpoints or repos)


def _endpoint(every: list[Child]) -> tuple[Child, Found] | None:
    """The app's endpoint: the only one there is, or the only one where the generator puts it."""
    found = [(child, endpoint) for child in every for endpoint in child.sources.endpoints]
    if len(found) > 1:
        usual = ("lib/{0}_web/endpoint.ex", "lib/{0}/endpoint.ex")
        found = [
            (child, endpoint)
            for child, endpoint in found
            if endpoint.module.endswith("Web.Endpoint")
            and endpoint.file in [files.join(child.dir, path.format(child.name)) for path in usual]
        ]
    return found[0] if len(found) == 1 else None


def _endpoint_space(child: Child, web: Child | None, endpoint: Found | None) -> str | None:
    """The module that a child's endpoint belongs to (ShopWeb of ShopWeb.Endpoint), None unless it is plain which."""
    known = [endpoint] if endpoint and child is web else child.sources.endpoints
    return known[0].module.rpartition(".")[0] or None if len(known) == 1 else None


def _assets(target: Any, web: Child | None, root: Any) -> str:
    if web is None or not (web.mix.has_alias("assets.deploy") or root.has_alias("assets.deploy")):
        return "none"
    names = target.names(files.join(web.dir, "assets"))
    if "package.json" in names:
        managers = {manager for lock, manager in files.LOCKFILES.items() if lock in names} - {"bun"}
        return managers.pop() if len(managers) == 1 else "npm"
    return "mix" if target.is_dir(files.join(web.dir, "assets")) else "none"


def _versions(tools: dict[str, str]) -> tuple[str | None, str | None]:
    """Elixir's and OTP's version from a tool list, where asdf may write elixir 1.18.3-otp-27."""
    elixir = re.fullmatch(r"v?(\d+(?:\.\d+)*(?:-rc\.\d+)?)(?:-otp-(\d+))?", tools.get("elixir", ""))
    erlang = re.fullmatch(r"(\d+(?:\.\d+)*(?:-rc\d+)?)", tools.get("erlang", ""))
    return elixir[1] if elixir else None, erlang[1] if erlang else elixir[2] if elixir else None


def _native(target: Any, folder: str, deps: dict[str, Any]) -> list[str]:
    lock = target.text(files.join(folder, "mix.lock"), files.LOCK_LIMIT) or ""
    locked = set(re.findall(r'^[ \t]*"([a-z0-9_]+)": \{:(?:hex|git)\b', lock, re.MULTILINE))
    wanted = {name for name, dep in deps.items() if not _build_only(dep)}
    return sorted(NATIVE_DEPS & (wanted | locked - deps.keys()))


def _release_name(mix: Any, fallback: str | None) -> str | None:
    only = (mix.get("releases") or [None])[0]
    names = list(mixfile.pairs(only.items)) if isinstance(only, mixfile.Group) and only.kind == "[" else []
    return names[0] if len(names) == 1 else fallback


def details(target: Any, app: Any) -> dict[str, Any]:
    """What there is to know about the Phoenix app or umbrella in `app.dir`; paths are relative to it.

    app_name, app_module, web_module, elixir_version, otp_version, elixir_requirement, ecto, db_adapter, repos
    [{app, module}], repo_app, repo_module, assets, http_port, tcp_ports [{name, port}], release_name,
    releases, version, deps, oban, git_deps, native_deps, in_umbrella, children [{name, dir, module, web,
    endpoint, repos, deps, dev_only}], web_app, endpoint_file, app_lib, web_lib, repo_lib. `target` is the
    `files.Target`, `app` the `detection.App`.
    """
    mix, every = app.mix, _children(target, app)
    names = [child.name for child in every]
    settings = config.read(target, app.dir)
    chosen = _endpoint(every)
    web, endpoint = chosen or (None, None)
    endpoints = {found.module for child in every for found in child.sources.endpoints}
    if len(endpoints) > 1:
        taken = f"{endpoint.module} was taken" if endpoint else "none was taken"
        target.notes.append((app.dir, f"{len(endpoints)} modules use Phoenix.Endpoint; {taken}."))
    in_umbrella = ".." in (mix.string("lockfile") or "")
    if in_umbrella:
        where = files.join(app.dir, "mix.exs")
        target.notes.append((app.dir, f"{where} is part of an umbrella; deploy from the umbrella's root."))

    named = config.ecto_repos(settings, names)
    repos = {child.name: _repos(child, named) for child in every}
    name = app.name or (names[0] if len(names) == 1 else None)
    owners = [child for child in every if repos[child.name]]
    owner = next((child for child in owners if child.name == name), owners[0] if owners else None)
    main = next((child for child in every if child.name == name), owner or web)
    deps = {dep.name: dep for one in [mix.deps(), *(child.deps for child in every)] for dep in one}
    deps = {dep: deps[dep] for dep in sorted(deps) if dep not in names}
    elixir_version, otp_version = _versions(files.tool_versions(target, app.dir))
    mixes = [mix, *([web.mix] if web else []), *(child.mix for child in every)]
    requirements = [one.string("elixir") for one in mixes]
    listens = any(child.sources.listens for child in every)
    http_port = config.http_port(settings, endpoint.module) if endpoint else None
    tcp_ports = config.tcp_ports(settings, names, endpoints) if listens else []

    def inside(path: str) -> str:
        return str(files.relative(path, app.dir))

    def child_details(child: Child) -> dict[str, Any]:
        return {
            "name": child.name,
            "dir": inside(child.dir),
            "module": _module(child),
            "web": bool(child.sources.endpoints),
            "endpoint": _endpoint_space(child, web, endpoint),
            "repos": [repo["module"] for repo in repos[child.name]],
            "deps": sorted({dep.name for dep in child.deps} & set(names)),
            "dev_only": _dev_only(child, every, repos[child.name]),
        }

    return {
        "app_name": name,
        "app_module": _module(main) if main else None,
        "web_module": endpoint.module.rpartition(".")[0] or None if endpoint else None,
        "elixir_version": elixir_version,
        "otp_version": otp_version,
        "elixir_requirement": next(filter(None, requirements), None),
        "ecto": owner is not None or "ecto_sql" in deps,
        "db_adapter": next((kind for driver, kind in ADAPTERS.items() if driver in deps), None),
        "repos": [repo for child in every for repo in repos[child.name]],
        "repo_app": owner.name if owner else None,
        "repo_module": _module(owner) if owner else None,
        "assets": _assets(target, web, mix),
        "http_port": http_port,
        "tcp_ports": [service for service in tcp_ports if service["port"] != http_port],
        "release_name": _release_name(mix, name),
        "releases": mix.get("releases") is not None,
        "version": mix.string("version"),
        "deps": list(deps),
        "oban": "oban" in deps,
        "git_deps": any(dep.options.keys() & {"git", "github"} for dep in deps.values()),
        "native_deps": _native(target, app.dir, deps),
        "in_umbrella": in_umbrella,
        "children": [child_details(child) for child in every] if app.stack == "umbrella" else [],
        "web_app": web.name if web else None,
        "endpoint_file": inside(endpoint.file) if endpoint else None,
        "app_lib": inside(_lib(main)) if main else None,
        "web_lib": inside(files.folder_of(endpoint.file)) if endpoint else None,
        "repo_lib": inside(_lib(owner)) if owner else None,
    }
